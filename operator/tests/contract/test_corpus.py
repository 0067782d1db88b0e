"""Pairs of documents and what is to be found between them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.contract.compare import compare_documents
from fastapi_fleet.contract.findings import Finding
from fastapi_fleet.contract.rules import RULES

CASES = sorted((Path(__file__).parent.parent / "data" / "contract").glob("*.yaml"))


def documents(case: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The pair in each version that it is the same in; otherwise each document says its own."""
    if "versions" not in case:
        return [(case["before"], case["after"])]
    versions = [{"openapi": version} for version in case["versions"]]
    return [(version | case["before"], version | case["after"]) for version in versions]


def written(finding: Finding) -> dict[str, str]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "operation": finding.location.operation,
        "document": finding.location.document,
        "pointer": finding.location.pointer,
        "message": finding.message,
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_finds_what_a_caller_notices(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    for before, after in documents(case):
        assert [written(finding) for finding in compare_documents(before, after)] == case["findings"]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_finds_nothing_between_a_document_and_itself(path: Path) -> None:
    for before, after in documents(yaml.safe_load(path.read_text())):
        assert compare_documents(before, before) == ()
        assert compare_documents(after, after) == ()


def test_each_rule_has_a_case() -> None:
    found = {finding["rule"] for path in CASES for finding in yaml.safe_load(path.read_text())["findings"]}
    assert found == RULES.keys()
