"""A change by one process is in force in another within a second (threat 3)."""

import http.client
import time
from contextlib import closing

from tests.served import ORDER, Served, Start

LIMIT_SECONDS = 1.0


def status(served: Served, key: str) -> int:
    """The gate's answer to a harmless question."""
    host, port = served.address("gateway")
    with closing(http.client.HTTPConnection(host, port, timeout=10)) as connection:
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse().status


def seconds_until(served: Served, key: str, turned_down: bool) -> float:
    began = time.monotonic()
    while (status(served, key) == 401) != turned_down:
        assert time.monotonic() - began < 10
        time.sleep(0.01)
    return time.monotonic() - began


def test_a_key_works_and_ends_in_a_running_gateway_within_a_second(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    who = ("--owner", "alice@example.com", "--purpose", "answers mail", "--model", "gpt-*")
    old = served.gatebook("agent", "enroll", "mailer", *who)["key"]
    assert seconds_until(served, old, turned_down=False) < LIMIT_SECONDS
    new = served.gatebook("agent", "rotate", "mailer", "--grace", "1h")["key"]
    assert seconds_until(served, new, turned_down=False) < LIMIT_SECONDS
    assert status(served, old) != 401
    served.gatebook("agent", "revoke", "mailer", "--cause", "leaked")
    assert seconds_until(served, old, turned_down=True) < LIMIT_SECONDS
    assert status(served, new) == 401
    assert served.end() == 0
