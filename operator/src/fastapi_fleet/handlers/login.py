"""Who the operator is to the API server, read in one way for the watches and for the client of the passes."""

import kopf
import structlog
import yaml

from fastapi_fleet.errors import ApiUnavailableError

log = structlog.get_logger(__name__)


def log_in() -> kopf.ConnectionInfo:
    """From the pod's service account, else from the kubeconfig's current context. Raises ApiUnavailableError."""
    settings = kopf.OperatorSettings()
    try:
        found = kopf.login_with_service_account(settings=settings, logger=log) or kopf.login_with_kubeconfig(
            settings=settings, logger=log
        )
    except OSError as error:
        raise ApiUnavailableError(f"cannot log in to a cluster: {error.filename}: {error.strerror}") from error
    except (kopf.LoginError, yaml.YAMLError) as error:
        raise ApiUnavailableError(f"cannot log in to a cluster: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise ApiUnavailableError(f"the kubeconfig lacks what its current context names: {error}") from error
    if found is None:
        raise ApiUnavailableError("there is neither a service account nor a kubeconfig: set KUBECONFIG")
    return found
