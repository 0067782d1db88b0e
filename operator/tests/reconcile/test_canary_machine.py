"""Under every order of edits, time, failing pods and restarts: a canary waits, takes over or goes, and says so."""

import asyncio
from typing import Any

from fastapi_fleet.constants import ANNOTATION_REVISION
from fastapi_fleet.kube.kinds import DEPLOYMENT, HTTP_ROUTE, OPTIONAL, SERVICE, Object
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.fleet import Fleet, child, come_up
from support.resources import fastapi_service

STABLE, CANARY = child(DEPLOYMENT.name, "shop"), child(DEPLOYMENT.name, "shop-canary")
SHOP = fastapi_service()
STEPS = [{"weight": 10, "pause": 30}, {"weight": 50, "pause": 60}]
ROLLOUT = {"progressDeadlineSeconds": 90, "canary": {"steps": STEPS}}
HELD = {"CanaryStep", "CanaryAborted"}

images = st.sampled_from([f"registry.example/shop:{version}" for version in (1, 2, 3)])


class CanaryMachine(RuleBasedStateMachine):
    """`ready`: images that have been rolled out whole. `serving`: that of the Deployment, as it was last."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.fleet = Fleet()
        self.kube = self.fleet.kube

    @initialize()
    def create(self) -> None:
        """Begin with a service that runs."""
        self.kube.create(fastapi_service(replicas=2, rollout=ROLLOUT))
        self._settle()
        self.runner.run(self.fleet.roll_out())
        self.serving = self._image(STABLE)
        self.ready = {self.serving}

    @rule(image=images)
    def edit(self, image: str) -> None:
        self.kube.create(fastapi_service(**{**self._spec, "image": image}))
        self._settle()

    @rule(replicas=st.integers(1, 4))
    def scale(self, replicas: int) -> None:
        self.kube.create(fastapi_service(**{**self._spec, "replicas": replicas}))
        self._settle()

    @rule(seconds=st.sampled_from([1, 29, 30, 60, 90]))
    def wait(self, seconds: int) -> None:
        self.fleet.time.advance(seconds)
        self._settle()

    @precondition(lambda self: self.kube.has(CANARY))
    @rule()
    def canary_comes_up(self) -> None:
        self.kube.edit(CANARY, come_up)
        self._settle()

    @precondition(lambda self: self.kube.has(CANARY))
    @rule()
    def canary_fails(self) -> None:
        self.kube.edit(CANARY, lambda obj: obj.update(status={}))
        self._settle()

    @rule()
    def rollout_completes(self) -> None:
        self.kube.edit(STABLE, come_up)
        self.ready.add(self._image(STABLE))
        self._settle()

    @rule()
    def restart(self) -> None:
        later = self.fleet.time.now
        self.fleet = self.fleet.restarted()
        self.fleet.time.advance(later - self.fleet.time.now)
        self._look()
        self.runner.run(self.fleet.resync.prime())
        self._settle()

    @invariant()
    def deployment_changes_only_by_promotion_or_on_the_way_back(self) -> None:
        now = self._image(STABLE)
        if now != self.serving:
            canary = self._status.get("canary") or {}
            assert now in self.ready or (canary["phase"], canary["revision"]) in {
                ("Promoting", self._status["revision"]),
                ("Promoted", self._status["revision"]),
            }
        self.serving = now

    @invariant()
    def what_is_held_is_named(self) -> None:
        condition = self.fleet.conditions(SHOP)["RolloutComplete"]
        if self._image(STABLE) != self._spec["image"]:
            assert (condition.status, condition.reason in HELD) == ("False", True), condition
        else:
            assert condition.reason not in HELD

    @invariant()
    def canary_is_there_only_while_it_is_wanted(self) -> None:
        phase = (self._status.get("canary") or {}).get("phase")
        assert self.kube.has(CANARY) == (phase in {"Progressing", "Promoting"})

    def teardown(self) -> None:
        """Where nothing fails any more it comes to an end: what is wanted serves, or was aborted."""
        for _ in range(4):
            self.fleet.time.advance(60)
            self._settle()
            self.runner.run(self.fleet.roll_out())
        condition = self.fleet.conditions(SHOP)["RolloutComplete"]
        assert condition.reason in {"Available", "CanaryAborted"}, condition
        assert (condition.reason == "Available") == (self._image(STABLE) == self._spec["image"])
        assert not self.kube.has(CANARY)
        self.runner.close()

    def _look(self) -> None:
        """What an operator that starts does before it reads anything: see which kinds there are."""

    def _settle(self) -> None:
        self.runner.run(self.fleet.settle())

    @property
    def _spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.kube.object(self._key)["spec"]
        return spec

    @property
    def _status(self) -> dict[str, Any]:
        return self.fleet.status(SHOP)

    @property
    def _key(self) -> Any:
        return child("FastAPIService", "shop")

    def _image(self, key: Any) -> str:
        deployment: Object = self.kube.object(key)
        image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        return image


ROUTE, CANARY_SERVICE = child(HTTP_ROUTE.name, "shop"), child(SERVICE.name, "shop-canary")
HOSTS = st.sampled_from(["a.example.org", "b.example.org"])


class RoutedCanaryMachine(CanaryMachine):
    """With an HTTPRoute, which people edit and delete, and whose host a spec may change."""

    @initialize()
    def create(self) -> None:
        self.kube.served |= {kind.name for kind in OPTIONAL}
        self._look()
        super().create()
        self.move("a.example.org")
        self.runner.run(self.fleet.roll_out())

    @rule(host=HOSTS)
    def move(self, host: str) -> None:
        route = {"hosts": [host], "parentRefs": [{"name": "public"}]}
        self.kube.create(fastapi_service(**{**self._spec, "route": route}))
        self._settle()

    @rule(weight=st.integers(0, 100))
    def route_is_edited(self, weight: int) -> None:
        backends = [{"name": "shop", "port": 8000}, {"name": "shop-canary", "port": 8000, "weight": weight}]
        self.kube.edit(ROUTE, lambda obj: obj["spec"]["rules"][0].update(backendRefs=backends))
        self._settle()

    @precondition(lambda self: self._weight is not None)
    @rule()
    def route_is_deleted(self) -> None:
        self.kube.remove(ROUTE)
        self._settle()

    @invariant()
    def weights_are_those_of_the_status(self) -> None:
        weight = (self._status.get("canary") or {}).get("routeWeight")
        wanted = {"shop": 1} if weight is None else {"shop": 100 - weight, "shop-canary": weight}
        assert self._backends == wanted

    @invariant()
    def weights_lead_to_pods_of_the_revision_alone(self) -> None:
        if self._weight is None:
            return
        assert self.kube.has(CANARY_SERVICE)
        assert self._weight in {0, *(step["weight"] for step in STEPS)}
        if self._weight:
            canary = self.kube.object(CANARY)
            assert canary["status"]["availableReplicas"] > 0
            assert canary["metadata"]["annotations"][ANNOTATION_REVISION] == self._status["canary"]["revision"]

    def teardown(self) -> None:
        super().teardown()
        assert self._weight is None
        assert not self.kube.has(CANARY_SERVICE)

    def _look(self) -> None:
        self.runner.run(self.fleet.optional_kinds.look())

    @property
    def _backends(self) -> dict[str, int]:
        backends = self.kube.object(ROUTE)["spec"]["rules"][0]["backendRefs"]
        return {backend["name"]: backend["weight"] for backend in backends}

    @property
    def _weight(self) -> int | None:
        return self._backends.get("shop-canary")


for machine in (CanaryMachine, RoutedCanaryMachine):
    machine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestCanaries = CanaryMachine.TestCase
TestRoutedCanaries = RoutedCanaryMachine.TestCase
