"""`holds` decides whether a write is needed: too eager costs writes for ever, too lazy leaves drift."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from fastapi_fleet.constants import ANNOTATION_HASH
from fastapi_fleet.resources.equality import holds, quantity
from fastapi_fleet.resources.manifest import Manifest, with_hash
from hypothesis import given
from hypothesis import strategies as st

Edit = Callable[[Manifest], object]


def desired() -> Manifest:
    return with_hash(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "shop", "namespace": "team", "labels": {"app.kubernetes.io/name": "shop"}},
            "data": {"limits": "high", "requests": "0.5"},
            "spec": {
                "replicas": 2,
                "paused": False,
                "automountServiceAccountToken": False,
                "nodeSelector": {"pool": ""},
                "containers": [
                    {
                        "name": "app",
                        "args": ["a", "b"],
                        "env": [{"name": "EMPTY", "value": ""}],
                        "resources": {"requests": {"cpu": "0.5", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                        "lifecycle": {"preStop": {}, "args": []},
                    }
                ],
            },
        }
    )


def container(live: Manifest) -> dict[str, Any]:
    first: dict[str, Any] = live["spec"]["containers"][0]
    return first


def edited(edit: Edit) -> Manifest:
    live = deepcopy(desired())
    edit(live)
    return live


SAME: dict[str, Edit] = {
    "nothing": lambda _: None,
    "default of the API server": lambda live: live["spec"].update(revisionHistoryLimit=10),
    "default within a list item": lambda live: container(live).update(terminationMessagePath="/dev/termination-log"),
    "status and server's metadata": lambda live: live.update(status={"replicas": 1}),
    "label of another writer": lambda live: live["metadata"]["labels"].update(team="checkout"),
    "annotation of another writer": lambda live: live["metadata"]["annotations"].update(revision="3"),
    "false left out": lambda live: live["spec"].pop("paused"),
    "empty string left out": lambda live: container(live)["env"][0].pop("value"),
    "map of nothing but empty maps left out": lambda live: container(live).pop("lifecycle"),
    "milli-CPU": lambda live: container(live)["resources"]["requests"].update(cpu="500m"),
    "nano-CPU": lambda live: container(live)["resources"]["requests"].update(cpu="500000000n"),
    "other binary unit": lambda live: container(live)["resources"]["limits"].update(memory="1024Mi"),
}

DIFFERENT: dict[str, Edit] = {
    "changed number": lambda live: live["spec"].update(replicas=3),
    "changed zero value": lambda live: live["spec"].update(paused=True),
    "false that is no zero value left out": lambda live: live["spec"].pop("automountServiceAccountToken"),
    "empty text of a map left out": lambda live: live["spec"]["nodeSelector"].pop("pool"),
    "amount that is none": lambda live: container(live)["resources"]["limits"].update(memory="much"),
    "changed label": lambda live: live["metadata"]["labels"].update({"app.kubernetes.io/name": "other"}),
    "removed label": lambda live: live["metadata"].pop("labels"),
    "removed field": lambda live: live["spec"].pop("replicas"),
    "removed list item": lambda live: container(live)["args"].pop(),
    "extra list item": lambda live: container(live)["args"].append("c"),
    "list in another order": lambda live: container(live)["args"].reverse(),
    "extra container": lambda live: live["spec"]["containers"].append({"name": "miner"}),
    "list became a map": lambda live: live["spec"].update(containers={}),
    "map became null": lambda live: live.update(spec=None),
    "more CPU": lambda live: container(live)["resources"]["requests"].update(cpu="501m"),
    "micro-CPU": lambda live: container(live)["resources"]["requests"].update(cpu="500u"),
    "other prefix": lambda live: container(live)["resources"]["limits"].update(memory="1G"),
    "same amount where it is text": lambda live: live["data"].update(requests="500m"),
    "text where a quantity's name is only a key": lambda live: live["data"].update(limits="low"),
    "older manifest": lambda live: live["metadata"]["annotations"].update({ANNOTATION_HASH: "0"}),
    "no annotations": lambda live: live["metadata"].update(annotations=None),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME.keys())
def test_needs_no_write_for(edit: Edit) -> None:
    assert holds(edited(edit), desired())


@pytest.mark.parametrize("edit", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_needs_a_write_for(edit: Edit) -> None:
    assert not holds(edited(edit), desired())


def test_field_that_left_the_manifest_is_noticed_by_the_hash() -> None:
    smaller = {key: value for key, value in desired().items() if key != "data"}
    smaller = with_hash({**smaller, "metadata": {"name": "shop", "namespace": "team"}})
    assert not holds(desired(), smaller)


AMOUNTS = {
    "0.5": "0.5",
    "500m": "0.5",
    "250u": "0.00025",
    "7n": "0.000000007",
    "3": "3",
    "1k": "1000",
    "2M": "2000000",
    "1Ki": "1024",
    "1.5Gi": "1610612736",
    "1Ei": "1152921504606846976",
    "1E": "1000000000000000000",
    "12e2": "1200",
    "1E3": "1000",
}


@pytest.mark.parametrize(("text", "amount"), AMOUNTS.items())
def test_quantity_is_the_amount(text: str, amount: str) -> None:
    assert quantity(text) == Decimal(amount)


@given(st.integers(0, 10**9))
def test_quantity_is_the_same_in_each_unit(amount: int) -> None:
    assert quantity(str(amount)) == quantity(f"{amount * 1000}m") == quantity(f"{amount}000m")
    assert quantity(f"{amount}Mi") == quantity(f"{amount * 1024}Ki")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_quantity_keeps_the_order(one: int, other: int) -> None:
    assert (quantity(f"{one}m") < quantity(f"{other}m")) == (one < other)
