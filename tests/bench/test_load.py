"""Reading what the load generator printed, and the payload it sends."""

import json

import pytest

from bench.load import parse_totals, reply_body, request_body
from gatebook.core.errors import Unavailable

_OUTPUT = """Running 2s test
TOTALS {"requests":1000,"duration_us":2000000,"refused":100,"broken":3,"p50_us":900,"p99_us":2100}
"""


def test_refused_calls_do_not_count_as_throughput() -> None:
    """A gateway that answers errors quickly must not look fast."""
    totals = parse_totals(_OUTPUT)
    assert totals.requests_per_second == 450.0
    assert (totals.refused, totals.broken, totals.p99_us) == (100, 3, 2100)


def test_output_without_totals_is_an_error_with_what_was_said() -> None:
    with pytest.raises(Unavailable, match="unable to connect"):
        parse_totals("", "unable to connect to 127.0.0.1:1")


def test_request_and_reply_are_about_one_kilobyte_of_real_json() -> None:
    for body in (request_body(), reply_body()):
        assert 900 <= len(body) <= 1100
        assert json.loads(body)["model"].startswith("gpt-4o-mini")


def test_the_reply_can_stand_inside_quotes_in_a_server_configuration() -> None:
    assert not set(b"'\\$") & set(reply_body())
