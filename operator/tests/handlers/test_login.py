"""Where the operator finds its cluster, and what it says where it finds none."""

import json
from datetime import UTC, datetime
from pathlib import Path

import kopf
import pytest
import yaml
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


def test_named_context_is_used_and_asks_by_its_own_credentials(kubeconfig: Path) -> None:
    write_kubeconfig(kubeconfig, "https://cluster.example")
    config = yaml.safe_load(kubeconfig.read_text())
    status = {"token": "printed", "expirationTimestamp": "2099-01-01T00:00:00Z"}
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": [json.dumps({"status": status})],
    }
    config["clusters"].append({"name": "cloud", "cluster": {"server": "https://cloud.example"}})
    config["users"].append({"name": "cloud", "user": {"exec": plugin}})
    config["contexts"].append({"name": "cloud", "context": {"cluster": "cloud", "user": "cloud"}})
    kubeconfig.write_text(yaml.safe_dump(config))
    found = log_in("cloud")
    assert (found.server, found.as_http_headers()) == ("https://cloud.example", {"Authorization": "Bearer printed"})
    assert (found.default_namespace, found.expiration) == (None, datetime(2099, 1, 1, tzinfo=UTC))
    assert log_in().server == "https://cluster.example"


def test_service_account_goes_before_the_kubeconfig_at_home_only(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pod = kopf.ConnectionInfo(server="https://pod.example")
    monkeypatch.setattr(kopf, "login_with_service_account", lambda **_: in_pod)
    write_kubeconfig(kubeconfig, "https://cluster.example")
    assert log_in().server == "https://cluster.example"
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(kubeconfig.parent))
    (kubeconfig.parent / ".kube").mkdir()
    write_kubeconfig(kubeconfig.parent / ".kube" / "config", "https://home.example")
    assert log_in().server == "https://pod.example"
    assert log_in("stub").server == "https://home.example"


def test_token_of_a_file_goes_before_the_one_beside_it(kubeconfig: Path) -> None:
    write_kubeconfig(kubeconfig, "https://cluster.example")
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"]["tokenFile"] = "token"
    kubeconfig.write_text(yaml.safe_dump(config))
    with pytest.raises(ApiUnavailableError, match=f"{kubeconfig.parent / 'token'}: No such file"):
        log_in()
    (kubeconfig.parent / "token").write_text("of the file\n")
    assert log_in().as_http_headers() == {"Authorization": "Bearer of the file"}


def test_data_go_before_a_path_to_the_same(kubeconfig: Path) -> None:
    write_kubeconfig(kubeconfig, "https://cluster.example")
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"] |= {"certificate-authority": "ca.crt", "certificate-authority-data": "Y2E="}
    config["users"][0]["user"] |= {"client-key": "me.key", "client-key-data": "a2V5"}
    kubeconfig.write_text(yaml.safe_dump(config))
    found = log_in()
    assert (found.ca_path, found.ca_data) == (None, "Y2E=")
    assert (found.private_key_path, found.private_key_data) == (None, "a2V5")


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
    with pytest.raises(ApiUnavailableError, match="cannot log in"):
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
