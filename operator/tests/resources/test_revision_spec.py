"""What is kept of a revision is enough to run it again, and nothing that it must not bring back."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.api.scaling_spec import TopologySpread
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.worker_spec import Worker
from fastapi_fleet.constants import ANNOTATION_REVISION_SPEC
from fastapi_fleet.resources.revision_spec import (
    REVISION_FIELDS,
    SIZE_LIMIT,
    asked_hash,
    restored,
    snapshot_annotation,
    snapshot_in,
)
from fastapi_fleet.status.revisions import revision_of
from hypothesis import given
from support.rendering import rendered_service
from support.specs import service_specs

FULL: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent.parent / "data" / "render" / "service-full" / "input.yaml").read_text()
)["resource"]["spec"]
RIGHTS_AND_DATA = {"database", "broker"}
OTHER: dict[str, Any] = {
    "image": "registry.example/other:1",
    "command": ["other"],
    "topology_spread": TopologySpread(enabled=False),
}


def template(spec: FastAPIServiceSpec) -> object:
    return rendered_service(spec).workload["spec"]["template"]


@pytest.mark.parametrize("field", sorted(FastAPIServiceSpec.model_fields.keys() - REVISION_FIELDS - RIGHTS_AND_DATA))
def test_field_that_no_rollback_takes_back_shapes_no_pod(field: str) -> None:
    full = FastAPIServiceSpec.model_validate(FULL)
    without = full.model_copy(update={field: FastAPIServiceSpec.model_fields[field].get_default()})
    assert template(without) == template(full)


@given(service_specs(), service_specs())
def test_restored_spec_makes_the_same_pods_as_long_as_rights_and_data_are_the_same(
    old: FastAPIServiceSpec, new: FastAPIServiceSpec
) -> None:
    new = new.model_copy(update={field: getattr(old, field) for field in (*RIGHTS_AND_DATA, "preflight")})
    snapshot = snapshot_in(rendered_service(old).workload)
    assert snapshot is not None
    again = restored(new, snapshot)
    assert revision_of(rendered_service(again).workload) == revision_of(rendered_service(old).workload)
    assert rendered_service(again).prerequisites == rendered_service(old).prerequisites
    kept = FastAPIServiceSpec.model_fields.keys() - REVISION_FIELDS
    assert {field: getattr(again, field) for field in kept} == {field: getattr(new, field) for field in kept}


def test_rights_and_data_are_not_kept() -> None:
    snapshot = snapshot_in(rendered_service(FastAPIServiceSpec.model_validate(FULL)).workload)
    assert snapshot is not None
    assert not {"database", "broker", "replicas", "autoscaling", "rollout", "paused"} & json.loads(snapshot).keys()


def test_how_many_workers_there_are_is_what_the_spec_says_now() -> None:
    old = FastAPIServiceSpec.model_validate({"image": "old", "worker": {"command": ["old"], "replicas": 5}})
    new = FastAPIServiceSpec.model_validate({"image": "new", "worker": {"command": ["new"], "replicas": 2}})
    again = restored(new, snapshot_annotation(old)[ANNOTATION_REVISION_SPEC])
    assert again.worker is not None
    assert (again.worker.command, again.worker.replicas) == (["old"], 2)


def test_worker_that_an_earlier_revision_had_comes_back_with_it() -> None:
    old = FastAPIServiceSpec.model_validate({"image": "old", "worker": {"replicas": 5}})
    assert (
        restored(FastAPIServiceSpec(image="new"), snapshot_annotation(old)[ANNOTATION_REVISION_SPEC]).worker == Worker()
    )


def test_generated_values_are_not_kept() -> None:
    spec = FastAPIServiceSpec.model_validate({"image": "i", "secrets": [{"env": "KEY", "generate": True}]})
    assert "generated" not in rendered_service(spec).workload["metadata"]["annotations"][ANNOTATION_REVISION_SPEC]


def test_spec_that_is_too_large_for_an_annotation_is_not_kept() -> None:
    config = {f"KEY_{number}": "x" * 4000 for number in range(SIZE_LIMIT // 4000)}
    assert snapshot_annotation(FastAPIServiceSpec(image="i", config=config)) == {}


@pytest.mark.parametrize("field", sorted(REVISION_FIELDS | RIGHTS_AND_DATA | {"network_policy", "preflight"}))
def test_change_of_what_pods_may_fail_by_asks_for_something_else(field: str) -> None:
    full = FastAPIServiceSpec.model_validate(FULL)
    other = full.model_copy(update={field: OTHER.get(field, FastAPIServiceSpec.model_fields[field].get_default())})
    assert asked_hash(other) != asked_hash(full)


def test_change_of_how_many_there_are_or_of_who_reaches_them_asks_for_the_same() -> None:
    full = FastAPIServiceSpec.model_validate(FULL)
    worker = (full.worker or Worker()).model_copy(update={"replicas": 7})
    rollout = full.rollout.model_copy(update={"rollback_to": "0" * 16, "auto_rollback": "Always"})
    told = {"replicas": 9, "autoscaling": None, "route": None, "ingress": None, "monitoring": None, "paused": True}
    other = full.model_copy(update={**told, "worker": worker, "rollout": rollout})
    assert asked_hash(other) == asked_hash(full)
    slower = full.rollout.model_copy(update={"progress_deadline_seconds": 7000})
    assert asked_hash(full.model_copy(update={"rollout": slower})) != asked_hash(full)
