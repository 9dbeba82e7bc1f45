"""Every signal fires on its hits and not on its misses, and none is lost."""

from collections.abc import Mapping

import pytest

from tests.signals import is_fired, is_located, pack

MANIFEST: Mapping[str, int] = {
    "credential_theft": 20,
    "data_poisoning": 21,
    "encoding_evasion": 31,
    "indirect_injection": 40,
    "jailbreak": 39,
    "malicious_code": 19,
    "persona_hijack": 28,
    "prompt_injection": 73,
    "system_prompt_exfiltration": 33,
    "tool_abuse": 25,
}


@pytest.mark.parametrize("signal", pack().signals)
def test_a_signal_fires_on_its_hits_alone(signal: str) -> None:
    _, rule = pack().signals[signal]
    for case in rule.hits:
        assert is_fired(signal, case), case
        assert is_located(signal, case), case
    for case in rule.misses:
        assert not is_fired(signal, case), case
        assert not is_located(signal, case), case


def test_no_signal_vanishes() -> None:
    assert {name: len(each.signals) for name, each in pack().categories.items()} == MANIFEST
    assert sum(MANIFEST.values()) >= 300


def test_cases_differ_from_one_another() -> None:
    for name, (_, signal) in pack().signals.items():
        cases = (*signal.hits, *signal.misses)
        assert len(set(cases)) == len(cases), name
