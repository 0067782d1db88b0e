"""ConfigMap with the OpenAPI document of a checked image, or with why it has none. Written once and never changed."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child

COMPONENT: Final = "contract"
_DOCUMENT, _DIGEST, _ABSENT = "openapi.json.gz", "digest", "absent"


@dataclass(frozen=True)
class KeptDocument:
    """`absent`: why the image has none, else empty. `compressed` is not there in what a cache knows."""

    digest: str = ""
    absent: str = ""
    compressed: bytes = field(default=b"", repr=False)


def render_contract_document(owner: Owner, checked: str, document: KeptDocument) -> Manifest:
    name = names.contract(owner.name, checked)
    manifest = child(owner, api_version="v1", kind="ConfigMap", name=name, component=COMPONENT, app=owner.name)
    if document.absent:
        return {**manifest, "immutable": True, "data": {_ABSENT: document.absent}}
    text = base64.b64encode(document.compressed).decode("ascii")
    return {**manifest, "immutable": True, "data": {_DIGEST: document.digest}, "binaryData": {_DOCUMENT: text}}


def kept_document(config_map: Mapping[str, Any]) -> KeptDocument:
    """Nothing of what is not there, or has been made something else by a hand."""
    data: Mapping[str, str] = config_map.get("data") or {}
    text: str = (config_map.get("binaryData") or {}).get(_DOCUMENT, "")
    try:
        compressed = base64.b64decode(text, validate=True)
    except binascii.Error:
        compressed = b""
    return KeptDocument(data.get(_DIGEST, ""), data.get(_ABSENT, ""), compressed)
