"""Where the operator finds its cluster, and what it says where it finds none."""

from pathlib import Path

import pytest
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.handlers.login import log_in
from support.api_server import write_kubeconfig


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def test_current_context_of_the_kubeconfig_is_used(kubeconfig: Path) -> None:
    write_kubeconfig(kubeconfig, "https://cluster.example")
    found = log_in()
    assert (found.server, found.as_http_headers()) == (
        "https://cluster.example",
        {"Authorization": "Bearer stub"},
    )


BROKEN = {
    "no current context": "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n",
    "unknown context": "current-context: gone\nclusters: []\nusers: []\ncontexts: []\n",
    "context without a cluster": "current-context: a\ncontexts: [{name: a, context: {user: b}}]\n",
    "no YAML": "{",
    "no mapping": "[]",
    "a word": "kubeconfig",
    "lists of words": "current-context: a\ncontexts: [a]\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_kubeconfig_is_one_error(kubeconfig: Path, text: str) -> None:
    kubeconfig.write_text(text)
    with pytest.raises(ApiUnavailableError, match=r"cannot log in|the kubeconfig lacks"):
        log_in()


def test_missing_kubeconfig_is_named(kubeconfig: Path) -> None:
    with pytest.raises(ApiUnavailableError, match=f"cluster: {kubeconfig}: No such file"):
        log_in()


def test_neither_service_account_nor_kubeconfig_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ApiUnavailableError, match="set KUBECONFIG"):
        log_in()
