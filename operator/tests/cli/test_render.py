"""`fleet render`, as people and programs call it."""

import json

import yaml
from support.command_line import fleet

SHOP = """\
apiVersion: fastapi-fleet.io/v1alpha1
kind: FastAPIService
metadata: {name: shop}
spec:
  image: registry.example/shop:1
  secrets:
    - {env: TOKEN, generate: true}
    - {env: MAIL, name: mail, key: password}
"""

MAIL = """\
---
apiVersion: v1
kind: Secret
metadata: {name: mail, namespace: team}
stringData: {password: canary-7}
"""


def test_objects_are_printed_as_yaml_documents_that_kubectl_reads() -> None:
    result = fleet("render", "-", "-n", "team", given=SHOP + MAIL)
    assert (result.exit_code, result.errors) == (0, "")
    objects = list(yaml.safe_load_all(result.output))
    assert [item["kind"] for item in objects][:3] == ["ServiceAccount", "Secret", "Service"]
    assert {item["metadata"]["namespace"] for item in objects} == {"team"}


def test_json_is_one_list() -> None:
    result = fleet("render", "-", "-o", "json", given=SHOP)
    printed = json.loads(result.output)
    assert (printed["kind"], printed["items"][0]["kind"]) == ("List", "ServiceAccount")


def test_no_signing_key_is_printed_that_everybody_could_make() -> None:
    key = "    - {env: KEY, signingKey: {otherEnv: OTHER}}\n"
    result = fleet("render", "-", given=SHOP + key)
    secret = next(item for item in yaml.safe_load_all(result.output) if item["kind"] == "Secret")
    assert secret["stringData"] == {"TOKEN": "GENERATED", "KEY": "GENERATED", "OTHER": ""}


def test_no_value_of_a_secret_is_printed() -> None:
    result = fleet("render", "-", "-n", "team", given=SHOP + MAIL)
    secret = next(item for item in yaml.safe_load_all(result.output) if item["kind"] == "Secret")
    assert secret["stringData"] == {"TOKEN": "GENERATED"}
    assert "canary" not in result.output


def test_what_is_taken_for_granted_is_told_beside_the_output() -> None:
    result = fleet("render", "-", given=SHOP)
    assert result.errors == "assumed: Secret default/mail is there, as spec.secrets[1].name says\n"


def test_invalid_file_is_not_rendered() -> None:
    result = fleet("render", "-", given=SHOP.replace("image:", "imag:"))
    assert (result.exit_code, result.output) == (1, "")
    assert "stdin:4: FastAPIService shop: spec.image: is required" in result.errors
    assert "fleet validate" in result.errors


def test_nothing_to_render_ends_with_2() -> None:
    result = fleet("render", "-", given=MAIL)
    assert result.exit_code == 2
    assert "no file has a FastAPIService or FleetPlatform" in result.errors


def test_only_optional_kinds_can_be_left_out() -> None:
    command = ("render", "-", "--caller-namespace", "monitoring")
    assert "ServiceMonitor" in fleet(*command, given=SHOP).output
    assert "ServiceMonitor" not in fleet(*command, "--without", "ServiceMonitor", given=SHOP).output
    result = fleet("render", "-", "--without", "Deployment", given=SHOP)
    assert result.exit_code == 2
    assert "HTTPRoute" in result.errors


def test_settings_of_the_operator_are_heeded() -> None:
    result = fleet("render", "-", "--caller-namespace", "ingress-nginx", given=SHOP)
    policy = next(item for item in yaml.safe_load_all(result.output) if item["kind"] == "NetworkPolicy")
    assert "ingress-nginx" in str(policy["spec"]["ingress"])
