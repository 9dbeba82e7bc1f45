"""What stands in deploy/ fits the program: settings load, units call commands that exist."""

import re
from pathlib import Path

import pytest
import yaml

from gatebook.app.config import load_config, tables
from gatebook.cli.serve import PROCESSES
from gatebook.gateway.metrics import METRICS
from tests.architecture.program import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def test_the_sample_settings_load() -> None:
    loaded = load_config(DEPLOY / "gatebook.toml", environment={})
    assert not loaded.config.notary.embedded


def test_the_sample_sets_only_what_differs_from_the_defaults() -> None:
    config = load_config(DEPLOY / "gatebook.toml", environment={}).config
    for setting in load_config(DEPLOY / "gatebook.toml", environment={}).settings:
        table, field = setting.name.split(".")
        if setting.origin != "default":
            assert getattr(getattr(config, table), field) != getattr(tables()[table](), field)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_one_process_without_privileges(unit: Path) -> None:
    text = unit.read_text()
    process = unit.stem.removeprefix("gatebook-")
    assert process in PROCESSES
    assert f"ExecStart=/opt/gatebook/bin/gatebook serve {process}\n" in text
    assert "NoNewPrivileges=yes" in text
    assert "CapabilityBoundingSet=\n" in text


def test_the_notary_has_an_account_of_its_own() -> None:
    accounts = {unit.stem: re.findall(r"^User=(.+)$", unit.read_text(), re.M) for unit in UNITS}
    assert accounts == {
        "gatebook-gateway": ["gatebook"],
        "gatebook-integrator": ["gatebook"],
        "gatebook-notary": ["gatebook-notary"],
    }


def test_alerts_are_about_metrics_and_labels_that_exist() -> None:
    (group,) = yaml.safe_load((DEPLOY / "prometheus-rules.yaml").read_text())["groups"]
    text = "\n".join(rule["expr"] for rule in group["rules"])
    labels = {metric.name: {*metric.labels, "instance", "le"} for metric in METRICS}
    named = re.findall(r"\b(gatebook_\w+?)(?:_bucket)?(?:\{(\w+)=|[\s\[)]|$)", text)
    assert named
    assert [name for name, label in named if label and label not in labels[name]] == []
    assert {name for name, _ in named} <= labels.keys()
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])
