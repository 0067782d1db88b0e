"""What a canary tries of a revision: all but the passwords and keys that the operator has made itself."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_CONFIG_HASH, ANNOTATION_RELEASE, ANNOTATION_REVISION
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, annotation_of, content_hash
from fastapi_fleet.resources.service_inputs import ServiceInputs

_WITH_SECRETS = frozenset({ANNOTATION_CONFIG_HASH, ANNOTATION_REVISION})


def release_annotation(spec: FastAPIServiceSpec, template: Manifest, inputs: ServiceInputs) -> dict[str, str]:
    """Empty where nothing is tried."""
    if spec.rollout.canary is None:
        return {}
    annotations: Mapping[str, str] = template["metadata"]["annotations"]
    kept = {name: value for name, value in annotations.items() if name not in _WITH_SECRETS}
    tried = {
        "template": {**template, "metadata": {**template["metadata"], "annotations": kept}},
        "config": spec.config,
        "referenced": dict(inputs.referenced),
        "servers": [_server(inputs.credentials.get(url)) for url in names.URLS.values()],
    }
    return {ANNOTATION_RELEASE: content_hash(tried)}


def is_same_release(live: Manifest, wanted: Manifest) -> bool:
    """Whether the one Deployment has nothing of the other that a canary would try."""
    releases = [annotation_of(obj, ANNOTATION_RELEASE) for obj in (live, wanted)]
    return releases[0] is not None and releases[0] == releases[1]


def _server(url: str | None) -> str:
    """Where it is, and not who logs in."""
    parts = urlsplit(url or "")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
