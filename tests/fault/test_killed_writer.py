"""kill -9 at any moment: what was acknowledged is in the book, chained, and never numbered anew."""

import subprocess
import sys
from itertools import pairwise
from random import Random

import pytest

from gatebook.storage.database import Database
from tests.books import read_book

_ROUNDS = 3


def acknowledged_until_killed(url: str, lines: int) -> list[tuple[str, int, str]]:
    """Start a writer, kill it after that many receipts; everything it had printed by then."""
    command = [sys.executable, "-m", "tests.fault.writing_process", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        printed = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        printed += process.stdout.readlines()  # what was in the pipe
    whole = [line.split() for line in printed if line.endswith("\n")]
    return [(sid, int(sq), leaf) for sid, sq, leaf in whole]


@pytest.mark.parametrize("rounds", [_ROUNDS, pytest.param(40, marks=pytest.mark.long)])
def test_a_killed_writer_loses_no_acknowledged_entry(
    database: Database, database_url: str, rounds: int
) -> None:
    random = Random(rounds)
    acknowledged: dict[tuple[str, int], str] = {}
    for _ in range(rounds):
        for sid, sq, leaf in acknowledged_until_killed(database_url, random.randrange(1, 2000)):
            assert acknowledged.setdefault((sid, sq), leaf) == leaf
    book = read_book(database)
    kept = {(sid, each.sq): each.hash.hex() for sid, stream in book.items() for each in stream}
    assert len({sid for sid, _ in acknowledged}) == rounds
    assert acknowledged.items() <= kept.items()
    streams = list(book.values())
    assert all(stream[-1].event != "stream.closed" for stream in streams)
    for before, after in pairwise(streams):
        assert after[0].header["d"]["predecessor"]["sq"] == before[-1].sq
