"""Who the operator is to the API server, read in one way for the watches and for the client of the passes."""

import os

import kopf
import structlog

from fastapi_fleet.errors import ApiUnavailableError
from fastapi_fleet.kube import exec_plugin
from fastapi_fleet.kube.kubeconfig import Context, User, read_context, read_file

log = structlog.get_logger(__name__)


def log_in(context: str | None = None) -> kopf.ConnectionInfo:
    """From the kubeconfig that KUBECONFIG names, else from the pod's service account, else from the kubeconfig at home.

    Args:
        context: of the kubeconfig, instead of its current one; no service account is asked then.

    Raises:
        NotLoggedInError: there is neither, or it does not let in. Says which file or command is at fault.
    """
    if context is None and not os.environ.get("KUBECONFIG"):
        in_pod = kopf.login_with_service_account(settings=kopf.OperatorSettings(), logger=log)
        if in_pod is not None:
            return in_pod
    found = read_context(context)
    if found is None:
        raise ApiUnavailableError("there is neither a service account nor a kubeconfig: set KUBECONFIG")
    return _connection(found)


def _connection(context: Context) -> kopf.ConnectionInfo:
    """Of a path and data for the same thing, data go first, as with kubectl."""
    cluster, user = context.cluster, context.user
    obtained = exec_plugin.ask(user.plugin, cluster) if user.plugin else exec_plugin.Credential()
    certificate = obtained.client_certificate_data or user.client_certificate_data
    key = obtained.client_key_data or user.client_key_data
    return kopf.ConnectionInfo(
        server=cluster.server,
        ca_path=None if cluster.certificate_authority_data else cluster.certificate_authority,
        ca_data=cluster.certificate_authority_data,
        insecure=cluster.insecure_skip_tls_verify,
        proxy_url=cluster.proxy_url,
        certificate_path=None if certificate else user.client_certificate,
        certificate_data=certificate,
        private_key_path=None if key else user.client_key,
        private_key_data=key,
        username=user.username,
        password=user.password,
        token=obtained.token or _token(user),
        default_namespace=context.namespace,
        expiration=obtained.expiration_timestamp,
    )


def _token(user: User) -> str | None:
    """The one in the file goes first: whoever rotates it writes it there."""
    return user.token if user.token_file is None else read_file(user.token_file).decode().strip()
