"""Pods of preflights, and what an image answers in them."""

import hashlib
import json
from typing import Any

from fastapi_fleet.kube.kinds import Object, ObjectKey
from fastapi_fleet.preflight.check_image import lines_of

from support.kubernetes import FakeKube


def contract_of(kube: FakeKube, job: ObjectKey) -> dict[str, Any]:
    """What the script says of the document that the Job's image has; it goes into the log of the Job's pod."""
    document = kube.documents.get(container_of(kube, job)["image"])
    if document is None:
        return {"outcome": "absent", "why": "app.main:app: the image has no module app"}
    raw = json.dumps(document, sort_keys=True).encode()
    lines = lines_of(raw)
    kube.logs[pod_name(job)] = [b"starting", *(line.strip() for line in lines)]
    return {"outcome": "made", "lines": len(lines), "digest": hashlib.sha256(raw).hexdigest()}


def end_pod(kube: FakeKube, job: ObjectKey, code: int, answer: dict[str, Any]) -> None:
    """The one pod of the Job ends with that answer."""
    known = kube.object(job)
    labels = {**known["spec"]["template"]["metadata"]["labels"], "batch.kubernetes.io/job-name": job.name}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job.name, "uid": known["metadata"]["uid"]}
    metadata = {"name": pod_name(job), "namespace": job.namespace, "labels": labels, "ownerReferences": [owner]}
    ended = {"exitCode": code, "message": json.dumps(answer)}
    status = {"containerStatuses": [{"name": "app", "restartCount": 0, "state": {"terminated": ended}}]}
    kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status})


def accept(kube: FakeKube, job: ObjectKey) -> None:
    """The pod of a preflight that finds nothing wrong. Another Job's is left alone."""
    is_asked = "-preflight-" in job.name and bool(container_of(kube, job)["args"][3])
    if is_asked:
        end_pod(kube, job, 0, {"outcome": "accepted", "contract": contract_of(kube, job)})


def container_of(kube: FakeKube, job: ObjectKey) -> Object:
    container: Object = kube.object(job)["spec"]["template"]["spec"]["containers"][0]
    return container


def pod_name(job: ObjectKey) -> str:
    return f"{job.name}-x"
