"""Kubeconfig files mean what they mean to kubectl."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube.kubeconfig import Context, read_context


def kubeconfig(*names: str, current: str | None = None, **server: Any) -> dict[str, Any]:
    """A file with a context for each name, and a cluster, a user and a namespace that are called the same."""
    return {
        "current-context": current,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}", **server}} for name in names],
        "users": [{"name": name, "user": {"token": f"token of {name}"}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": name}} for name in names],
    }


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets KUBECONFIG to these files. None is one that is not there."""

    def write_all(*files: dict[str, Any] | None) -> None:
        paths = [tmp_path / str(index) / "config" for index, _ in enumerate(files)]
        for path, content in zip(paths, files, strict=True):
            path.parent.mkdir()
            if content is not None:
                path.write_text(yaml.safe_dump(content))
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, paths)))

    return write_all


def read(name: str | None = None) -> Context:
    found = read_context(name)
    assert found is not None
    return found


def test_context_is_the_current_one_unless_another_is_named(write: Any) -> None:
    write(kubeconfig("test", "live", current="test"))
    assert (read().cluster.server, read().user.token, read().namespace) == ("https://test", "token of test", "test")
    assert read("live").cluster.server == "https://live"


def test_first_of_several_files_wins_and_missing_ones_are_passed_over(write: Any) -> None:
    first = kubeconfig("shared", current=None)
    second = kubeconfig("shared", "second", current="shared", **{"proxy-url": "http://proxy"})
    write(None, first, second)
    assert (read().cluster.server, read().cluster.proxy_url) == ("https://shared", None)
    assert read("second").cluster.proxy_url == "http://proxy"


def test_paths_begin_at_the_file_that_they_stand_in(write: Any, tmp_path: Path) -> None:
    config = kubeconfig("a", current="a", **{"certificate-authority": "ca.crt"})
    config["users"][0]["user"] = {
        "client-certificate": "/etc/me.crt",
        "client-key": "keys/me.key",
        "tokenFile": "token",
        "exec": {"apiVersion": "v1", "command": "./plugin"},
    }
    write(config)
    user, folder = read().user, tmp_path / "0"
    assert read().cluster.certificate_authority == folder / "ca.crt"
    assert (user.client_certificate, user.client_key) == (Path("/etc/me.crt"), folder / "keys/me.key")
    assert user.token_file == folder / "token"
    assert user.plugin is not None
    assert user.plugin.command == str(folder / "plugin")


def test_command_without_a_folder_is_looked_for_on_the_path(write: Any) -> None:
    config = kubeconfig("a", current="a")
    config["users"][0]["user"] = {"exec": {"apiVersion": "v1", "command": "aws", "args": None, "env": None}}
    write(config)
    plugin = read().user.plugin
    assert plugin is not None
    assert plugin.command == "aws"


def test_what_is_empty_is_as_if_left_out(write: Any) -> None:
    config = kubeconfig("a", current="a", **{"certificate-authority": "", "proxy-url": ""})
    config["contexts"][0]["context"] |= {"namespace": "", "user": ""}
    write(config)
    assert (read().cluster.certificate_authority, read().cluster.proxy_url, read().namespace) == (None, None, None)
    assert read().user.token is None


def test_without_kubeconfig_the_file_at_home_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_context() is None
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(yaml.safe_dump(kubeconfig("home", current="home")))
    assert read().cluster.server == "https://home"


def without(part: str) -> dict[str, Any]:
    return kubeconfig("a", current="a") | {part: []}


WRONG = {
    "no current context": (kubeconfig("a"), "kubectl config use-context"),
    "unknown context": (kubeconfig("b", "a", current="gone"), "the context gone, and has a, b"),
    "unknown cluster": (without("clusters"), "the cluster a, and has none"),
    "unknown user": (without("users"), "the user a, and has none"),
    "cluster without a server": (
        kubeconfig("a", current="a") | {"clusters": [{"name": "a", "cluster": {}}]},
        r"config: clusters\.0\.cluster\.server: Field required",
    ),
}


@pytest.mark.parametrize(("config", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(write: Any, config: dict[str, Any], said: str) -> None:
    write(config)
    with pytest.raises(ApiUnavailableError, match=said):
        read_context()


def test_no_error_and_no_repr_tells_a_secret(write: Any) -> None:
    config = kubeconfig("a", current="a")
    config["users"][0]["user"] = {"token": "s3cret", "password": "s3cret", "client-key-data": "s3cret"}
    write(config)
    assert "s3cret" not in repr(read())
    config["users"][0]["user"] = {"token": ["s3cret"]}
    write_again = Path(os.environ["KUBECONFIG"])
    write_again.write_text(yaml.safe_dump(config))
    with pytest.raises(ApiUnavailableError) as refused:
        read_context()
    assert "s3cret" not in str(refused.value)
