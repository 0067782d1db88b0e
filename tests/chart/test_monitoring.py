"""Alerts and dashboards: of metrics that there are, with a test that fires, one that does not, and a page each."""

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import yaml
from exported import TARGET_LABELS, asked_for, exported, grouped_by, operator_registry, service_registry
from helm import CHART, FULL, REPOSITORY, Manifest, of_kind, render

ALERTS = CHART / "files" / "alerts"
ALERT_TESTS = Path(__file__).parent / "alerts"
DASHBOARDS = CHART / "files" / "dashboards"
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
SECTIONS = ["## What it means", "## How to look", "## How to mend"]

EXPORTED = exported(operator_registry(), service_registry())


def rules() -> list[Manifest]:
    files = [yaml.safe_load(file.read_text()) for file in sorted(ALERTS.glob("*.yaml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def panels() -> list[Manifest]:
    return [panel for file in sorted(DASHBOARDS.glob("*.json")) for panel in json.loads(file.read_text())["panels"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression with the name of the alert or panel that it belongs to."""
    yield from ((rule["alert"], rule["expr"]) for rule in rules())
    yield from ((panel["title"], target["expr"]) for panel in panels() for target in panel["targets"])


def alert_cases() -> list[Manifest]:
    files = [yaml.safe_load(file.read_text()) for file in sorted(ALERT_TESTS.glob("*.yaml"))]
    return [case for file in files for case in file["tests"]]


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_names_of_an_expression_are_found() -> None:
    found = asked_for('max by (kind) (rate(a_total{code=~"5..",verb="GET"}[5m])) / on (x) b_sum > 0.5 or vector(0)')
    assert list(found) == [("a_total", frozenset({"code", "verb"})), ("b_sum", frozenset())]
    assert grouped_by("sum by (kind, result) (a) and on (instance) b") == {"kind", "result", "instance"}


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_is_asked_for_is_exported(where: str, expression: str) -> None:
    asked = list(asked_for(expression))
    assert asked, where
    assert [name for name, _ in asked if name not in EXPORTED] == []
    assert [(name, labels) for name, labels in asked if not labels <= EXPORTED[name] | TARGET_LABELS] == []
    assert grouped_by(expression) <= TARGET_LABELS.union(*(EXPORTED[name] for name, _ in asked))


def test_series_of_the_alert_tests_are_exported_with_their_labels() -> None:
    series = [entry["series"] for case in alert_cases() for entry in case["input_series"]]
    asked = list(chain.from_iterable(asked_for(one) for one in series))
    assert len(asked) == len(series)
    assert [one for one in asked if not one[1] <= EXPORTED[one[0]] | TARGET_LABELS] == []


def test_rules_are_valid() -> None:
    promtool("check", "rules", *map(str, ALERTS.glob("*.yaml")))


@pytest.mark.parametrize("file", sorted(ALERT_TESTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_alerts_fire_when_they_should_and_not_otherwise(file: Path) -> None:
    promtool("test", "rules", str(file))


def test_every_alert_fires_in_one_test_and_is_silent_in_another() -> None:
    checks = [check for case in alert_cases() for check in case["alert_rule_test"]]
    names = {rule["alert"] for rule in rules()}
    assert {check["alertname"] for check in checks if check["exp_alerts"]} == names
    assert {check["alertname"] for check in checks if not check["exp_alerts"]} == names


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    links = {rule["annotations"]["runbook_url"] for rule in rules()}
    assert links == {f"docs/runbooks/{rule['alert']}.md" for rule in rules()}
    assert links == {f"docs/runbooks/{page.name}" for page in RUNBOOKS.glob("*.md")}
    assert [page.name for page in RUNBOOKS.glob("*.md") if _sections(page) != SECTIONS] == []


def test_reference_lists_every_alert_with_its_severity() -> None:
    page = (REPOSITORY / "docs" / "reference" / "alerts.md").read_text()
    rows = [f"| [{rule['alert']}](../runbooks/{rule['alert']}.md) | {rule['labels']['severity']} |" for rule in rules()]
    assert [row for row in rows if row not in page] == []


def test_alerts_are_told_apart_by_severity() -> None:
    assert {rule["labels"]["severity"] for rule in rules()} == {"critical", "warning"}


def test_dashboards_have_an_identity_each_and_panels_that_do_not_overlap() -> None:
    dashboards = [json.loads(file.read_text()) for file in DASHBOARDS.glob("*.json")]
    assert {one["uid"] for one in dashboards} == {"fastapi-fleet-operator", "fastapi-fleet-services"}
    for dashboard in dashboards:
        cells = [cell for panel in dashboard["panels"] for cell in _cells(panel["gridPos"])]
        assert len(cells) == len(set(cells))
        assert all(0 <= x < 24 for x, _ in cells)


def test_monitoring_is_off_unless_switched_on() -> None:
    kinds = {manifest["kind"] for manifest in render()}
    assert kinds.isdisjoint({"ServiceMonitor", "PrometheusRule", "ConfigMap"})


def test_service_monitor_selects_the_metrics_service_and_keeps_the_labels_of_resources() -> None:
    manifests = render("--values", str(FULL))
    (monitor,), (service,) = of_kind(manifests, "ServiceMonitor"), of_kind(manifests, "Service")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert endpoint == {"port": service["spec"]["ports"][0]["name"], "interval": "15s", "honorLabels": True}
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_rules_are_those_of_the_files_and_link_to_the_given_place() -> None:
    (resource,) = of_kind(render("--values", str(FULL)), "PrometheusRule")
    rendered = [rule for group in resource["spec"]["groups"] for rule in group["rules"]]
    expected = [
        rule | {"annotations": rule["annotations"] | {"runbook_url": _moved(rule["annotations"]["runbook_url"])}}
        for rule in rules()
    ]
    assert rendered == expected
    assert resource["metadata"]["labels"]["release"] == "prometheus"


def test_dashboards_are_those_of_the_files() -> None:
    config_maps = of_kind(render("--values", str(FULL)), "ConfigMap")
    rendered = {name: text for config_map in config_maps for name, text in config_map["data"].items()}
    assert rendered == {f"fastapi-fleet-{file.name}": file.read_text() for file in DASHBOARDS.glob("*.json")}
    assert {config_map["metadata"]["labels"]["grafana_dashboard"] for config_map in config_maps} == {"fleet"}
    assert {config_map["metadata"]["annotations"]["grafana_folder"] for config_map in config_maps} == {"Fleet"}


def _sections(page: Path) -> list[str]:
    return re.findall(r"^## .*$", page.read_text(), re.MULTILINE)


def _cells(position: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(position["x"], position["x"] + position["w"]):
        for y in range(position["y"], position["y"] + position["h"]):
            yield x, y


def _moved(link: str) -> str:
    return link.replace("docs/runbooks/", "https://runbooks.example/fleet/")
