"""Credentials of a command: what it is told, what it may print, and what is said where it fails."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube.exec_plugin import CLUSTER_CONFIG, ask
from fastapi_fleet.kube.kubeconfig import Cluster, Extension, Plugin

SERVER = Cluster(server="https://cluster.example")
VERSION = "client.authentication.k8s.io/v1"


def plugin(script: str, **fields: Any) -> Plugin:
    """A command that is a Python script."""
    return Plugin(apiVersion=VERSION, command=sys.executable, args=("-c", script), **fields)


def printing(**status: str) -> str:
    return f"print('''{json.dumps({'apiVersion': VERSION, 'kind': 'ExecCredential', 'status': status})}''')"


def test_token_and_its_end_are_read() -> None:
    credential = ask(plugin(printing(token="t0ken", expirationTimestamp="2026-01-02T03:04:05Z")), SERVER)
    assert credential.token == "t0ken"
    assert credential.expiration_timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert "t0ken" not in repr(credential)


def test_certificate_and_its_key_are_read() -> None:
    credential = ask(plugin(printing(clientCertificateData="certificate", clientKeyData="key")), SERVER)
    assert (credential.token, credential.client_certificate_data, credential.client_key_data) == (
        None,
        "certificate",
        "key",
    )


ECHO = "import json, os; print(json.dumps({'status': {'token': os.environ['%s']}}))"


def test_plugin_has_its_variables_beside_those_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "of the caller")
    env = [{"name": "AWS_PROFILE", "value": "of the kubeconfig"}]
    assert ask(plugin(ECHO % "AWS_PROFILE", env=env), SERVER).token == "of the kubeconfig"
    assert ask(plugin(ECHO % "AWS_REGION", env=env), SERVER).token == "of the caller"


def told(cluster: Cluster, **fields: Any) -> Any:
    return json.loads(ask(plugin(ECHO % "KUBERNETES_EXEC_INFO", **fields), cluster).token or "")


def test_plugin_is_told_the_version_and_that_nobody_is_there_to_answer() -> None:
    expected = {"apiVersion": VERSION, "kind": "ExecCredential", "spec": {"interactive": False}}
    assert told(SERVER) == expected


def test_plugin_is_told_the_cluster_where_it_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("an authority")
    cluster = Cluster.model_validate(
        {
            "server": "https://cluster.example",
            "certificate-authority": tmp_path / "ca.crt",
            "extensions": [Extension(name=CLUSTER_CONFIG, extension={"audience": "me"})],
        }
    )
    assert told(cluster, provideClusterInfo=True)["spec"]["cluster"] == {
        "server": "https://cluster.example",
        "certificate-authority-data": "YW4gYXV0aG9yaXR5",
        "insecure-skip-tls-verify": False,
        "config": {"audience": "me"},
    }
    assert "cluster" not in told(cluster)["spec"]


FAILING = {
    "a failure": (plugin("raise SystemExit(7)"), "ended with exit code 7"),
    "no JSON": (plugin("print('s3cret')"), "printed no ExecCredential with a status$"),
    "no status": (plugin("print('{}')"), "printed no ExecCredential with a status$"),
    "not installed": (
        Plugin(apiVersion=VERSION, command="no-such-plugin", installHint="Install it by: x\n"),
        "no-such-plugin, by which the kubeconfig logs in, cannot be run: No such file or directory. Install it by: x$",
    ),
    "somebody to answer": (plugin(printing(token="t"), interactiveMode="Always"), "needs a terminal"),
}


@pytest.mark.parametrize(("failing", "said"), FAILING.values(), ids=FAILING.keys())
def test_failure_names_the_command_and_what_to_do(failing: Plugin, said: str) -> None:
    with pytest.raises(ApiUnavailableError, match=said) as failed:
        ask(failing, SERVER)
    assert "s3cret" not in str(failed.value)
