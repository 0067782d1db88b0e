"""Names and values that break what is careless: they land unchanged, and change nothing else."""

import base64
import json

import pytest
from fleet import Images, await_ready, get_json, guests, service, start
from kubectl import Kubectl, Manifest

HOSTILE = {
    "QUOTES": "\"'`\\\"'",
    "LINES": "first\nsecond\r\n\tthird\n",
    "EXPANSION": "$(QUOTES) $$(QUOTES) ${QUOTES} $QUOTES `id` $(id)",
    "YAML": "a: [b\n- {c: !!python/object:os.system d}\n--- \n...\n&a *a | >",
    "JSON": '"}], "spec": {"image": "evil"}, "x": [{"',
    "TEMPLATE": "{{ .Values.x }} {% raw %} <%= 1 %> %s %n {0}",
    "SQL": "'; DROP TABLE users; -- \x7f",
    "WORD": "null",
    "NUMBER": "0x1F",
    "TRUTH": "yes",
    "SPACES": "  both ends  ",
    "UNICODE": "ü 𩁬 \u202egnp.exe\u200b é",
    "MARKUP": "<script>&amp;</script>",
    "TRAVERSAL": "../../etc/passwd",
    "EMPTY": "",
    "LONG": "x" * 4096,
    "_": "a variable may be called so",
}

UNEXPANDED = {"NOWHERE": "$(NOT_SET)", "DOLLARS": "$5 ${x} $", "IN_ENV": HOSTILE["JSON"]}
"""In spec.env Kubernetes itself replaces $(NAME) where NAME is set before, as in every pod."""

SECRET_NAME = "0.a--b." + "c" * 60
SECRET_KEY = "-._.key"

NAMES = ("a--b", "x" + "0-" * 24 + "0")
"""The second is of 50 characters, the most that there may be."""


@pytest.fixture(scope="module")
def echo(shared_cluster: Kubectl, images: Images) -> Kubectl:
    """The namespace of a service that tells its environment."""
    # Created, for apply would write the value into an annotation.
    shared_cluster.run("create", "--filename=-", stdin=json.dumps(secret(HOSTILE["LINES"] + HOSTILE["JSON"])))
    env = [{"name": name, "value": value} for name, value in UNEXPANDED.items()]
    secrets = [{"env": "FOREIGN", "name": SECRET_NAME, "key": SECRET_KEY}]
    start(shared_cluster, service(images.v1, config=HOSTILE, env=env, secrets=secrets))
    return shared_cluster


def secret(value: str) -> Manifest:
    data = {SECRET_KEY: base64.b64encode(value.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET_NAME}, "data": data}


@pytest.mark.parametrize("name", HOSTILE)
def test_value_of_config_lands_unchanged(echo: Kubectl, name: str) -> None:
    assert get_json(echo, f"/environment/{name}") == HOSTILE[name]


@pytest.mark.parametrize("name", UNEXPANDED)
def test_value_of_env_lands_unchanged(echo: Kubectl, name: str) -> None:
    assert get_json(echo, f"/environment/{name}") == UNEXPANDED[name]


def test_value_of_a_foreign_secret_of_any_name_lands_unchanged(echo: Kubectl) -> None:
    assert get_json(echo, "/environment/FOREIGN") == HOSTILE["LINES"] + HOSTILE["JSON"]


def test_nothing_else_is_changed(echo: Kubectl, images: Images) -> None:
    found, config = echo.get("deployment", "hello"), echo.get("configmap", "hello-config")
    assert found is not None
    assert config is not None
    (container,) = found["spec"]["template"]["spec"]["containers"]
    assert (container["image"], config["data"]) == (images.v1, HOSTILE)
    assert {variable["name"] for variable in container["env"]} == {*UNEXPANDED, "FOREIGN"}


def test_service_of_any_admitted_name_gets_database_and_broker(furnished_cluster: Kubectl, images: Images) -> None:
    furnished_cluster.apply(*(guests(images, name) for name in NAMES))
    for name in NAMES:
        await_ready(furnished_cluster, name)
        assert get_json(furnished_cluster, "/health/live", name) is not None
        furnished_cluster.delete("fastapiservice", name)
