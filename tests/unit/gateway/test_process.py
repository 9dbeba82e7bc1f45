"""What is said of this process is what the kernel and the standard library say."""

import os
import resource
import time

import pytest

from gatebook.gateway import process


def test_processor_time_is_that_of_the_process() -> None:
    assert process.cpu_seconds() == pytest.approx(time.process_time(), abs=0.2)


def test_memory_is_no_more_than_it_ever_was() -> None:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert most / 10 < process.resident_bytes() <= most


def test_an_open_file_is_counted() -> None:
    before = process.open_files()
    reading, writing = os.pipe()
    assert process.open_files() == before + 2
    os.close(reading)
    os.close(writing)
    assert before < process.open_files_limit()


def test_the_process_started_a_while_ago() -> None:
    assert 0 < time.time() - process.started_at() < 24 * 3600
