"""Credentials that a command prints, as clusters of EKS, GKE and AKS have it.

Protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import base64
import json
import os
import subprocess
import sys
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from fastapi_fleet.errors import NotLoggedInError
from fastapi_fleet.kube.kubeconfig import Cluster, Plugin, read_file

CLUSTER_CONFIG: Final = "client.authentication.k8s.io/exec"
PLUGIN_SECONDS: Final = 120.0
"""Time to log in to a browser that the plugin opens."""


class Credential(BaseModel):
    """A token, or a certificate with its key (PEM), or both. `expiration_timestamp`: None where it is not told."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_camel)

    token: str | None = Field(None, repr=False)
    client_certificate_data: str | None = Field(None, repr=False)
    client_key_data: str | None = Field(None, repr=False)
    expiration_timestamp: datetime | None = None


class _ExecCredential(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    status: Credential


def ask(plugin: Plugin, cluster: Cluster) -> Credential:
    """Run the plugin, whose words on standard error go where the caller's go. Raises NotLoggedInError."""
    is_interactive = _may_ask_somebody(plugin)
    told = json.dumps(_exec_credential(plugin, cluster, is_interactive=is_interactive))
    own = {variable.name: variable.value for variable in plugin.env or ()}
    try:
        done = subprocess.run(  # noqa: S603 - the kubeconfig is the user's own
            [plugin.command, *(plugin.args or ())],
            env={**os.environ, **own, "KUBERNETES_EXEC_INFO": told},
            stdin=None if is_interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=PLUGIN_SECONDS,
            check=True,
        )
        return _ExecCredential.model_validate_json(done.stdout).status
    except OSError as error:
        hint = f". {plugin.install_hint.strip()}" if plugin.install_hint else ""
        raise _failed(plugin, f"cannot be run: {error.strerror}{hint}") from error
    except subprocess.CalledProcessError as error:
        raise _failed(plugin, f"ended with exit code {error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(plugin, f"did not end within {PLUGIN_SECONDS:.0f} s") from error
    except ValidationError as error:
        raise _failed(plugin, "printed no ExecCredential with a status") from error


def _failed(plugin: Plugin, what: str) -> NotLoggedInError:
    return NotLoggedInError(f"{plugin.command}, by which the kubeconfig logs in, {what}")


def _may_ask_somebody(plugin: Plugin) -> bool:
    has_terminal = sys.stdin is not None and sys.stdin.isatty()
    if plugin.interactive_mode == "Always" and not has_terminal:
        raise _failed(plugin, "needs a terminal")
    return has_terminal and plugin.interactive_mode != "Never"


def _exec_credential(plugin: Plugin, cluster: Cluster, *, is_interactive: bool) -> dict[str, Any]:
    """What the plugin is told."""
    spec: dict[str, Any] = {"interactive": is_interactive}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster_info(cluster)
    return {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}


def _cluster_info(cluster: Cluster) -> dict[str, Any]:
    info = {
        "server": cluster.server,
        "certificate-authority-data": _authority(cluster),
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "proxy-url": cluster.proxy_url,
        "config": next((one.extension for one in cluster.extensions if one.name == CLUSTER_CONFIG), None),
    }
    return {key: value for key, value in info.items() if value is not None}


def _authority(cluster: Cluster) -> str | None:
    if cluster.certificate_authority_data or cluster.certificate_authority is None:
        return cluster.certificate_authority_data
    return base64.b64encode(read_file(cluster.certificate_authority)).decode()
