import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.backends.rabbitmq import BrokerRequest
from fastapi_fleet.backends.rabbitmq_access import grant_access
from hypothesis import assume, given
from hypothesis import strategies as st

REQUEST = BrokerRequest(
    vhost="shop",
    user="shop-orders",
    password="s3cret-of-orders",
    service="orders",
    publishes=("order.created",),
    consumes=("user.registered",),
    owner="shop/orders",
)

printable = st.characters(exclude_categories=("C", "Z"), include_characters=" .*#|^$()[]{}\\+?-")
names = st.text(printable, min_size=1, max_size=20)
services = names.filter(lambda name: "." not in name)
event_types = st.lists(names, max_size=4)


def allows(pattern: str, name: str) -> bool:
    """RabbitMQ searches a name for the pattern, as `re.search` does."""
    return re.search(pattern, name) is not None


def test_patterns_of_a_service_that_publishes_and_consumes() -> None:
    access = grant_access("orders", ("order.created", "order.paid"), ("user.registered",))
    assert access.configure == access.write == access.read == r"^(events$|orders\.)"
    assert access.topic_write == r"^(order\.created|order\.paid)$"
    assert access.topic_read == r"^(user\.registered)$"


def test_patterns_do_not_depend_on_order_or_repetition() -> None:
    assert grant_access("orders", ("b", "a", "b"), ("d", "c")) == grant_access("orders", ("a", "b"), ("c", "d", "d"))


def test_service_without_events_reaches_only_its_own_names() -> None:
    access = grant_access("orders", (), ())
    assert access.write == access.read == r"^(orders\.)"
    assert access.topic_write == access.topic_read == "^$"


@given(service=services, publishes=event_types, consumes=event_types, name=names)
def test_names_are_allowed_exactly_when_own_or_shared(
    service: str, publishes: list[str], consumes: list[str], name: str
) -> None:
    access = grant_access(service, publishes, consumes)
    near = (service, f"{service}.{name}", f"{name}.{service}.", f"{service}{name}", "events", f"events{name}")
    for candidate in (name, *near):
        own = candidate.startswith(f"{service}.")
        assert allows(access.configure, candidate) is (own or candidate == "events")
        assert allows(access.write, candidate) is (own or (candidate == "events" and bool(publishes)))
        assert allows(access.read, candidate) is (own or (candidate == "events" and bool(consumes)))


@given(service=services, other=services, rest=names)
def test_names_of_another_service_are_never_allowed(service: str, other: str, rest: str) -> None:
    assume(service != other)
    access = grant_access(service, ("a",), ("b",))
    for pattern in (access.configure, access.write, access.read):
        assert not allows(pattern, f"{other}.{rest}")


@given(publishes=event_types, consumes=event_types, key=names)
def test_routing_keys_are_allowed_exactly_when_declared(publishes: list[str], consumes: list[str], key: str) -> None:
    access = grant_access("orders", publishes, consumes)
    assert allows(access.topic_write, key) is (key in publishes)
    assert allows(access.topic_read, key) is (key in consumes)
    assert all(allows(access.topic_write, declared) for declared in publishes)
    assert all(allows(access.topic_read, declared) for declared in consumes)


def test_routing_keys_do_not_use_the_broker_s_own_variables() -> None:
    assert "{username}" not in grant_access("orders", ("{username}",), ()).topic_write


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "nul\0", "\u202ereversed"])
def test_refuses_names_that_cannot_stand_in_a_path_or_pattern(name: str) -> None:
    changes: list[dict[str, Any]] = [
        *({field: name} for field in ("vhost", "user", "service")),
        *({field: (name,)} for field in ("publishes", "consumes")),
    ]
    for change in changes:
        with pytest.raises(ValueError, match="not a name for RabbitMQ"):
            replace(REQUEST, **change)


def test_refuses_a_service_whose_names_would_be_another_s() -> None:
    with pytest.raises(ValueError, match="holds no dot"):
        replace(REQUEST, service="orders.archive")


def test_refuses_a_user_name_without_room_for_its_mark() -> None:
    with pytest.raises(ValueError, match="at most 200 bytes"):
        replace(REQUEST, user="ü" * 101)


def test_password_is_not_in_the_repr() -> None:
    assert REQUEST.password not in repr(REQUEST)
