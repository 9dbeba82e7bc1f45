"""A peer that cannot be installed is skipped, and the row says why."""

import pytest

from bench.prepare import decisive

_PIP = """\
WARNING: Location 'simple/zipp/' is ignored: it is neither a file nor a directory.
ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==.
    pydantic[email]>=1.8.0 (from fastapi-sso==0.23.0)
"""
_NPM = """\
npm warn config a setting is deprecated
npm error code EINTEGRITY
npm error A complete log of this run can be found in: debug.log
"""


@pytest.mark.parametrize(
    ("said", "first", "then"),
    [
        (_PIP, "ERROR: In --require-hashes mode", "pydantic[email]>=1.8.0"),
        (_NPM, "npm error code EINTEGRITY", "debug.log"),
        ("Looking for a compiler\nKilled", "Killed", ""),
        ("", "", ""),
    ],
)
def test_the_reason_begins_where_the_installer_says_what_is_wrong(
    said: str, first: str, then: str
) -> None:
    reason = decisive(said)
    assert reason.startswith(first)
    assert then in reason


def test_a_reason_fits_into_a_row() -> None:
    assert len(decisive("ERROR: " + "x" * 5000)) == 300
