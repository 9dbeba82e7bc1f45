"""`gatebook serve` as an operator meets it: real processes, real signals."""

import os
import re
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.served import ORDER, Start


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it waited for or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_processes_start_in_order_and_stop_in_reverse_without_a_traceback(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    assert served.end(signal.SIGINT) == 0
    assert re.findall(r"supervisor +(\w+) ended", served.said) == ORDER[::-1]
    assert "Traceback" not in served.said
    assert "incident" not in served.said


@pytest.mark.parametrize("name", ORDER)
def test_what_is_killed_is_started_again_and_the_others_stay(start: Start, name: str) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    before = served.children()
    os.kill(before[name], signal.SIGKILL)
    served.wait(lambda: served.ready() == [*ORDER, name])
    after = served.children()
    assert after.pop(name) != before.pop(name)
    assert after == before
    assert served.end() == 0


def test_no_process_outlives_a_supervisor_that_was_killed(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    children = list(served.children().values())
    served.end(signal.SIGKILL)
    served.wait(lambda: all(is_gone(pid) for pid in children))


def test_what_cannot_run_as_it_is_set_up_is_not_tried_again(start: Start) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        served = start(GATEWAY_PORT=taken.getsockname()[1])
        assert served.process.wait(20) == 78
    assert "Nobody can listen on 127.0.0.1" in served.said
    assert "starting it again" not in served.said


def test_a_second_one_on_the_same_folder_is_refused_and_the_first_one_stays(start: Start) -> None:
    first = start()
    first.wait(lambda: first.ready() == ORDER)
    before = first.children()
    second = start()
    assert second.process.wait(20) == 78
    assert f"Another gatebook serve runs on {second.data}" in second.said
    assert second.ready() == []
    assert first.children() == before
    assert first.end() == 0


def test_a_folder_is_free_again_once_its_supervisor_was_killed(start: Start) -> None:
    first = start()
    first.wait(lambda: first.ready() == ORDER)
    children = list(first.children().values())
    first.end(signal.SIGKILL)
    first.wait(lambda: all(is_gone(pid) for pid in children))
    second = start()
    second.wait(lambda: second.ready() == ORDER)
    assert second.end() == 0


def test_one_process_may_run_beside_those_of_a_supervisor(start: Start) -> None:
    """Another integrator waits for its turn."""
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    integrator = start("integrator")
    integrator.wait(lambda: "Another integrator works on this database" in integrator.said)
    assert "The integrator is ready" in integrator.said
    assert integrator.end() == 0
    assert served.end() == 0


def test_a_wrong_setting_is_named_before_anything_is_started(start: Start) -> None:
    served = start(LEDGER_QUEUE_LIMIT=0)
    assert served.process.wait(20) == 78
    assert "ledger.queue_limit from GATEBOOK_LEDGER_QUEUE_LIMIT is wrong" in served.said
    assert not served.data.exists()


def test_a_command_finds_the_running_notary(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    assert served.gatebook("organization", "create", "acme")["organization"] == "acme"
    assert served.ready() == ORDER
    assert served.end() == 0
