"""Nothing leaves unrecorded, and that is a type error: `forward` takes the Receipt or nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.program import ROOT

PIPELINE = ROOT / "src" / "gatebook" / "gateway" / "pipeline.py"
FORWARD = re.compile(r"\.forward\((.*?)\n +\)", re.DOTALL)


def complaints_about(text: str, folder: Path) -> str:
    """What mypy says of the program with another pipeline in place of ours."""
    changed = folder / "pipeline.py"
    changed.write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--shadow-file", str(PIPELINE), str(changed), str(PIPELINE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout


@pytest.mark.parametrize(
    ("instead", "complaint"),
    [
        ("", 'Missing positional argument "receipt"'),
        ("None,", 'incompatible type "None"; expected "Receipt"'),
        ("way.permit,", 'incompatible type "Permit"; expected "Receipt"'),
    ],
    ids=["nothing", "None", "the permit"],
)
def test_forward_without_the_receipt_does_not_type_check(
    instead: str, complaint: str, tmp_path: Path
) -> None:
    text = PIPELINE.read_text()
    call = FORWARD.search(text)
    assert call, "the pipeline does not call forward as this test expects"
    arguments, replaced = re.subn(r"^( +)receipt,$", rf"\1{instead}", call[1], flags=re.MULTILINE)
    assert replaced == 1
    assert complaint in complaints_about(text.replace(call[1], arguments), tmp_path)


def test_the_pipeline_as_it_is_type_checks(tmp_path: Path) -> None:
    assert "Success" in complaints_about(PIPELINE.read_text(), tmp_path)
