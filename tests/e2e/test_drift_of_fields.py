"""R9: whichever field of a child somebody changes by hand, it is put right, or the API server refuses the change."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from eventually import eventually
from fleet import Images, service, start
from kubectl import Kubectl, KubectlError, Manifest, Resource, warned
from managed_fields import fields_of

OPERATOR = "fastapi-fleet"
KINDS = ("deployment", "service", "configmap", "serviceaccount", "networkpolicy")
REPAIR_SECONDS = 10.0
LEAST_CHANGES = 40

Edit = dict[str, Any]


def test_every_field_that_the_operator_owns_is_put_right(
    cluster: Kubectl, images: Images, record_property: Callable[[str, object], None]
) -> None:
    start(cluster, idle(images))
    with warned():
        repairs = [seconds for kind in KINDS for seconds in drift(cluster, kind)]
    record_property("repairs", f"{len(repairs)}, the slowest after {max(repairs):.1f} s")
    assert len(repairs) >= LEAST_CHANGES


def idle(images: Images) -> Manifest:
    """A service without pods: none of its children's fields needs any."""
    return service(images.v1, replicas=0, config={"GREETING": "hello"}, env=[{"name": "PLAIN", "value": "ours"}])


def drift(cluster: Kubectl, kind: str) -> Iterator[float]:
    """Change one field after the other; how long each change that was let through stood."""
    before = child(cluster, kind)
    for path, value in sorted(fields_of(OPERATOR, before), key=lambda field: field[0]):
        changed_at = time.monotonic()
        if edited(cluster, kind, edit_of(path, value)):
            eventually(lambda: assert_same(child(cluster, kind), before), REPAIR_SECONDS)
            yield time.monotonic() - changed_at


def edit_of(path: str, value: Any) -> Edit:
    """Another value of the same type, or none where there is no such thing."""
    match value:
        case bool():
            return {"op": "replace", "path": path, "value": not value}
        case int():
            return {"op": "replace", "path": path, "value": value + 1}
        case str():
            return {"op": "replace", "path": path, "value": f"{value}x"}
        case _:
            return {"op": "remove", "path": path}


def edited(cluster: Kubectl, kind: str, edit: Edit) -> bool:
    """Whether the API server let the change through, and it is one."""
    try:
        answer = cluster.run("patch", kind, name_of(kind), "--type=json", f"--patch={json.dumps([edit])}")
    except KubectlError as error:
        if "invalid" not in error.stderr.lower():
            raise
        return False
    return "no change" not in answer


def child(cluster: Kubectl, kind: str) -> Resource:
    shown = cluster.run("get", kind, name_of(kind), "--output=json", "--show-managed-fields")
    found: Resource = json.loads(shown)
    return found


def name_of(kind: str) -> str:
    return "hello-config" if kind == "configmap" else "hello"


def assert_same(found: Resource, before: Resource) -> None:
    assert _lasting(found) == _lasting(before)


def _lasting(resource: Resource) -> Resource:
    """Without what the cluster numbers and dates, and what it notes for itself."""
    metadata = resource["metadata"]
    own = {
        name: value for name, value in metadata.get("annotations", {}).items() if name.startswith("fastapi-fleet.io/")
    }
    marks = {"labels": metadata.get("labels"), "ownerReferences": metadata.get("ownerReferences"), "annotations": own}
    return {"metadata": marks, **{key: resource.get(key) for key in ("spec", "data")}}
