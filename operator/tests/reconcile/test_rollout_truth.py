"""Under every order of edits, watch events, passes and steps of a rollout: status claims no more than what serves."""

import asyncio
from collections import defaultdict, deque
from itertools import count
from typing import Any

from fastapi_fleet.kube.kinds import DEPLOYMENT, FASTAPI_SERVICE, POD, Object, key_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.fleet import Fleet, child
from support.resources import fastapi_service
from support.rollouts import given_up_at

SHOP = fastapi_service()
WORKLOAD = child(DEPLOYMENT.name, "shop")
MANY_ROUNDS = 60

images = st.sampled_from([f"registry.example/shop:{version}" for version in (1, 2, 3)])
numbers_of_pods = st.integers(1, 3)
kinds = st.sampled_from([FASTAPI_SERVICE.name, DEPLOYMENT.name, POD.name])


class RolloutMachine(RuleBasedStateMachine):
    """The operator beside a Deployment controller with maxUnavailable 0 and maxSurge 1, each at its own pace.

    `untold`: watch events that are on their way to the operator. Each kind has a watch of its own, so only those of one
    kind keep their order. Of what the operator writes it sees the answer at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.fleet = Fleet()
        self.kube = self.fleet.kube
        self.untold: defaultdict[str, deque[tuple[str, Object]]] = defaultdict(deque)
        self.kube.watchers = [lambda event, obj: self.untold[obj["kind"]].append((event, obj))]
        self.pod_numbers = count(1)

    @initialize(image=images, replicas=numbers_of_pods)
    def create(self, image: str, replicas: int) -> None:
        """Begin with a service that runs."""
        self.kube.create(fastapi_service(image=image, replicas=replicas))
        self._come_to_rest()
        assert self._claims_ready()

    @rule(image=images)
    def edit_image(self, image: str) -> None:
        self.kube.create(fastapi_service(**{**self._spec, "image": image}))

    @rule(replicas=numbers_of_pods)
    def scale(self, replicas: int) -> None:
        self.kube.create(fastapi_service(**{**self._spec, "replicas": replicas}))

    @rule(kind=kinds)
    def tell(self, kind: str) -> None:
        """One watch event arrives."""
        self.kube.flush()
        if self.untold[kind]:
            self.fleet.intake.saw(*self.untold[kind].popleft())

    @precondition(lambda self: self.fleet.queue.depth)
    @rule()
    def make_a_pass(self) -> None:
        key = self.runner.run(self.fleet.queue.get())
        self.runner.run(self.fleet.workers.work_on(key))
        self.fleet.queue.done(key)

    @rule()
    def replace_a_pod(self) -> None:
        """One step of the Deployment controller; what it makes of it in status comes later."""
        wanted = self._deployment["spec"]["replicas"]
        newest = [pod for pod in self._pods if _image(pod) == self._newest_image]
        older = [pod for pod in self._pods if _image(pod) != self._newest_image]
        if len(newest) < wanted and len(self._pods) <= wanted:
            self._start_a_pod()
        elif idle := [pod for pod in older if not _serves(pod)]:
            self.kube.remove(key_of(idle[0]))
        elif older and len(self._serving) > wanted:
            self.kube.remove(key_of(older[0]))
        elif len(newest) > wanted:
            self.kube.remove(key_of(newest[0]))

    @rule()
    def report(self) -> None:
        """The Deployment controller counts."""
        status = {
            "observedGeneration": self._deployment["metadata"]["generation"],
            "replicas": len(self._pods),
            "updatedReplicas": sum(_image(pod) == self._newest_image for pod in self._pods),
            "availableReplicas": len(self._serving),
            "readyReplicas": len(self._serving),
        }
        self.kube.edit(WORKLOAD, lambda obj: obj.update(status=status))

    @rule()
    def give_up(self) -> None:
        """The Deployment controller has seen no progress for a whole deadline."""
        self.kube.edit(WORKLOAD, given_up_at(self.fleet.now()))

    @precondition(lambda self: self._pods)
    @rule(which=st.integers(0, 9), ready=st.sampled_from(["True", "True", "False"]))
    def probe(self, which: int, ready: str) -> None:
        """A pod begins to answer, or no longer does."""
        pod = self._pods[which % len(self._pods)]
        conditions = [{"type": "Ready", "status": ready}]
        self.kube.edit(key_of(pod), lambda obj: obj.update(status={"conditions": conditions}))

    @precondition(lambda self: self._pods)
    @rule(which=st.integers(0, 9))
    def lose_a_pod(self, which: int) -> None:
        """Its node goes."""
        self.kube.remove(key_of(self._pods[which % len(self._pods)]))

    @rule()
    def restart(self) -> None:
        """Another process takes over: it reads everything anew."""
        self.fleet = self.fleet.restarted()
        self.runner.run(self.fleet.resync.prime())
        self.kube.flush()
        self.untold.clear()
        self.kube.watchers = [lambda event, obj: self.untold[obj["kind"]].append((event, obj))]

    @invariant()
    def nothing_older_serves_while_ready_is_claimed(self) -> None:
        if self._claims_ready():
            assert {_image(pod) for pod in self._serving} <= {self._spec["image"]}

    def teardown(self) -> None:
        """Left alone, it ends Ready and what serves is what the spec says, or what status says in place of that."""
        with self.runner:
            self._come_to_rest()
            rollback = self.fleet.status(SHOP).get("rollback")
            assert self._claims_ready() == (rollback is None)
            serving = rollback["toImage"] if rollback else self._spec["image"]
            assert [_image(pod) for pod in self._serving] == [serving] * self._spec["replicas"]

    def _come_to_rest(self) -> None:
        for _ in range(MANY_ROUNDS):
            for kind in list(self.untold):
                self.tell(kind)
            if self.fleet.queue.depth:
                self.make_a_pass()
            if self.kube.has(WORKLOAD):
                self.replace_a_pod()
                for at in range(len(self._pods)):
                    self.probe(at, "True")
                self.report()
            self.kube.flush()
            is_settled = self._claims_ready() or "rollback" in self.fleet.status(SHOP)
            if is_settled and self._is_complete and not self.fleet.queue.depth and not any(self.untold.values()):
                return

    def _start_a_pod(self) -> None:
        template = self._deployment["spec"]["template"]
        name = f"shop-{next(self.pod_numbers)}"
        metadata = {**template["metadata"], "name": name, "namespace": "team"}
        self.kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})

    def _claims_ready(self) -> bool:
        """As kubectl wait, Helm and Flux take it."""
        service = self.kube.object(key_of(SHOP))
        status: dict[str, Any] = service.get("status") or {}
        is_newest = status.get("observedGeneration") == service["metadata"]["generation"]
        return is_newest and self.fleet.conditions(SHOP)["Ready"].status == "True"

    @property
    def _is_complete(self) -> bool:
        return [_image(pod) for pod in self._serving] == [self._newest_image] * self._spec["replicas"]

    @property
    def _spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.kube.object(key_of(SHOP))["spec"]
        return spec

    @property
    def _deployment(self) -> Object:
        return self.kube.object(WORKLOAD)

    @property
    def _newest_image(self) -> str:
        return _image(self._deployment["spec"]["template"])

    @property
    def _pods(self) -> list[Object]:
        return [self.kube.object(key) for key in self.kube.keys(POD.name)]

    @property
    def _serving(self) -> list[Object]:
        return [pod for pod in self._pods if _serves(pod)]


def _image(pod: Object) -> str:
    image: str = pod["spec"]["containers"][0]["image"]
    return image


def _serves(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


RolloutMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestRolloutTruth = RolloutMachine.TestCase
