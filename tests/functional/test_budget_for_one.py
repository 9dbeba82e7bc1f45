"""Of many calls at one time a budget for one admits one, whatever is asked for and paid."""

import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from gatebook.formats import Operation
from gatebook.policy.limits.prices import MILLION
from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.database import open_database
from tests.gates import RunningGate, eventually, open_running_gate, with_provider
from tests.operations import OPERATIONS, address, body, is_served, marked, name_of

CALLS: Final = 12
METERED: Final = [each for each in OPERATIONS if is_served(each) and each.meter != "free"]
_NUMBERS: Final = count()


@pytest.fixture(scope="module")
def gate(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    """A gate with a provider for each dialect, and a price for one model and not for another."""
    path = tmp_path_factory.mktemp("budgets") / "gatebook.db"
    shutil.copyfile(sqlite_template, path)
    limits = LimitSettings(unpriced_call_micros=7000)
    with (
        closing(open_database(f"sqlite:///{path}")) as database,
        open_running_gate(database, limits=limits) as running,
    ):
        for dialect in ("anthropic", "gemini", "azure", "bedrock"):
            with_provider(running, dialect, f"{dialect}-provider-0123456789")
        running.office.order("set_price", model="priced", input="1", output="2")
        yield running


def bound(gate: RunningGate, limit: str) -> str:
    """The key of a new agent with this limit, which the gate knows."""
    name = f"bot-{next(_NUMBERS)}"
    answer = gate.office.enroll(name=name, model=["*"])
    gate.office.order("set_limit", limit=limit, agent=name)
    assert answer.shown_once is not None
    snapshots, revision = gate.application._gate.snapshots, gate.office.directory.revision
    eventually(lambda: snapshots.current().directory.revision >= revision)
    return answer.shown_once.reveal()


def asked(gate: RunningGate, operation: Operation, model: str, key: str) -> tuple[int, str]:
    """The status of an answer, and where its intent is."""
    url = gate.base_url.removesuffix("/v1") + address(operation, model)
    answer = gate.http.request(
        operation.method, url, json=body(operation, model), headers=marked(operation, key)
    )
    return answer.status_code, answer.headers.get("x-request-id", "")


@pytest.mark.parametrize("model", ["priced", "unpriced"])
@pytest.mark.parametrize("operation", METERED, ids=name_of)
def test_a_budget_for_one_call_admits_one(
    gate: RunningGate, operation: Operation, model: str
) -> None:
    status, reference = asked(gate, operation, model, bound(gate, "9usd/month"))
    assert status == 200
    stream, _, number = reference.partition(".")
    (most,) = [
        each.header["d"]["reserved_micros"]
        for each in gate.events("call.intended")
        if (each.header["sid"], each.sq) == (stream, int(number))
    ]
    key, sent = bound(gate, f"{most / MILLION:.6f}usd/month"), len(gate.provider.seen)
    with ThreadPoolExecutor(CALLS) as pool:
        answers = pool.map(lambda _: asked(gate, operation, model, key), range(CALLS))
    statuses = Counter(status for status, _ in answers)
    assert statuses.pop(200) == 1
    assert statuses.total() == CALLS - 1
    assert set(statuses) <= {429, 400 if operation.dialect == "bedrock" else 429}
    assert [each.method for each in gate.provider.seen[sent:]].count("POST") == 1
