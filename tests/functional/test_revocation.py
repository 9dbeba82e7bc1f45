"""A change by one process is in force in another within a second (threat 3)."""

import http.client
import json
import time
from contextlib import closing

from tests.served import ORDER, Served, Start

LIMIT_SECONDS = 1.0


NO_PROVIDER = "provider_not_allowed"
"""What an agent is told that may ask, while there is nobody to ask."""


def told(served: Served, key: str) -> str:
    """The code of the gate's answer to a harmless question."""
    host, port = served.address("gateway")
    with closing(http.client.HTTPConnection(host, port, timeout=10)) as connection:
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {key}"})
        return str(json.loads(connection.getresponse().read())["error"]["code"])


def seconds_until(served: Served, key: str, expected: str) -> float:
    began = time.monotonic()
    while told(served, key) != expected:
        assert time.monotonic() - began < 10
        time.sleep(0.01)
    return time.monotonic() - began


def test_a_key_works_and_ends_in_a_running_gateway_within_a_second(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    who = ("--owner", "alice@example.com", "--purpose", "answers mail", "--model", "gpt-*")
    old = served.gatebook("agent", "enroll", "mailer", *who)["key"]
    assert seconds_until(served, old, NO_PROVIDER) < LIMIT_SECONDS
    new = served.gatebook("agent", "rotate", "mailer", "--grace", "1h")["key"]
    assert seconds_until(served, new, NO_PROVIDER) < LIMIT_SECONDS
    assert told(served, old) == NO_PROVIDER
    served.gatebook("agent", "revoke", "mailer", "--cause", "leaked")
    assert seconds_until(served, old, "invalid_api_key") < LIMIT_SECONDS
    assert told(served, new) == "invalid_api_key"
    assert served.end() == 0


def test_an_agent_rests_and_works_again_in_a_running_gateway_within_a_second(
    start: Start,
) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    who = ("--owner", "alice@example.com", "--purpose", "answers mail", "--model", "gpt-*")
    key = served.gatebook("agent", "enroll", "mailer", *who)["key"]
    seconds_until(served, key, NO_PROVIDER)
    orders = [
        ("agent", "suspend", "mailer", "agent_suspended"),
        ("agent", "resume", "mailer", NO_PROVIDER),
        ("organization", "suspend", "default", "organization_suspended"),
        ("organization", "resume", "default", NO_PROVIDER),
        ("agent", "retire", "mailer", "invalid_api_key"),
    ]
    for noun, verb, name, expected in orders:
        served.gatebook(noun, verb, name, "--reason", "to see it")
        assert seconds_until(served, key, expected) < LIMIT_SECONDS
    assert served.end() == 0
