"""The most connections that a service may hold, and the words that say how they are reckoned."""

import re
from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.offline.admission import refusals
from fastapi_fleet.reconcile.parse import parse_service
from fastapi_fleet.resources.connections import connection_need, most_connections
from hypothesis import given
from hypothesis import strategies as st
from support.resources import fastapi_service

POOL = {"size": 5, "overflow": 10}
MIGRATIONS, ALEMBIC = {"command": ["migrate"]}, {"command": ["alembic", "upgrade", "head"]}

RECKONED: dict[str, tuple[dict[str, Any], int, str]] = {
    "one pod and the one that replaces it": (
        {"database": {"pool": {"size": 8}}},
        16,
        "1 worker x (8 + 0) x (1 + 1) pods",
    ),
    "every process has a pool": (
        {"workers": 2, "replicas": 4, "database": {"pool": POOL}},
        150,
        "2 workers x (5 + 10) x (4 + 1) pods",
    ),
    "what processes open beside it": (
        {"replicas": 2, "database": {"pool": {"size": 8, "beside": 1}}},
        27,
        "1 worker x (8 + 0 + 1) x (2 + 1) pods",
    ),
    "the most that an autoscaler may run": (
        {"replicas": 1, "autoscaling": {"maxReplicas": 9}, "database": {"pool": POOL}},
        150,
        "1 worker x (5 + 10) x (9 + 1) pods",
    ),
    "pods of the worker are one process each": (
        {"workers": 2, "worker": {"replicas": 3}, "database": {"pool": POOL}},
        120,
        "2 workers x (5 + 10) x (1 + 1) pods + 1 worker x (5 + 10) x (3 + 1) pods of spec.worker",
    ),
    "pods of a canary beside those that serve": (
        {
            "replicas": 6,
            "database": {"pool": POOL},
            "rollout": {"canary": {"steps": [{"weight": 40, "pause": 60}, {"weight": 10, "pause": 60}]}},
        },
        180,
        "1 worker x (5 + 10) x (6 + 1) pods + 1 worker x (5 + 10) x (4 + 1) pods of rollout.canary",
    ),
    "pods of a canary by the weights of a route": (
        {
            "replicas": 11,
            "database": {"pool": POOL},
            "route": {"parentRefs": [{"name": "public"}]},
            "rollout": {"canary": {"steps": [{"weight": 10, "pause": 60}]}},
        },
        225,
        "1 worker x (5 + 10) x (11 + 1) pods + 1 worker x (5 + 10) x (2 + 1) pods of rollout.canary",
    ),
    "migrations": (
        {"database": {"pool": POOL, "migrations": MIGRATIONS}},
        31,
        "1 worker x (5 + 10) x (1 + 1) pods + 1 for migrations",
    ),
    "migrations of Alembic, and their lock": (
        {"database": {"pool": POOL, "migrations": ALEMBIC}},
        32,
        "1 worker x (5 + 10) x (1 + 1) pods + 2 for migrations",
    ),
    "none where no pod is to run": ({"replicas": 0, "database": {"pool": POOL}}, 0, "no pods"),
    "worker alone": (
        {"replicas": 0, "worker": {}, "database": {"pool": POOL}},
        30,
        "1 worker x (5 + 10) x (1 + 1) pods of spec.worker",
    ),
}

NOT_TOLD: dict[str, tuple[dict[str, Any], int | None]] = {
    "no database": ({}, None),
    "neither pool nor limit": ({"database": {}}, None),
    "limit alone": ({"database": {"connectionLimit": 20}}, 20),
    "limit and migrations, which log in apart": ({"database": {"connectionLimit": 20, "migrations": MIGRATIONS}}, 21),
}


def spec_of(fields: dict[str, Any]) -> FastAPIServiceSpec:
    return FastAPIServiceSpec.model_validate({"image": "i", **fields})


@pytest.mark.parametrize(("fields", "most", "words"), RECKONED.values(), ids=RECKONED.keys())
def test_most_connections_and_how_they_come_about(fields: dict[str, Any], most: int, words: str) -> None:
    need = connection_need(spec_of(fields))
    assert need is not None
    assert (need.total, need.words) == (most, words)
    assert most_connections(spec_of(fields)) == most


@pytest.mark.parametrize(("fields", "most"), NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_without_a_pool_a_service_may_take_what_its_role_may(fields: dict[str, Any], most: int | None) -> None:
    assert connection_need(spec_of(fields)) is None
    assert most_connections(spec_of(fields)) == most


def test_pools_beyond_the_limit_of_the_role_are_refused_with_the_arithmetic() -> None:
    database = {"pool": POOL, "connectionLimit": 149}
    with pytest.raises(InvalidSpecError) as refused:
        parse_service(fastapi_service(workers=2, replicas=4, database=database))
    assert refused.value.field == "spec.database.pool"
    told = "2 workers x (5 + 10) x (4 + 1) pods = 150 connections, and connectionLimit is 149"
    assert refused.value.problem == told


def test_migrations_need_no_room_in_the_role_of_the_pods() -> None:
    database = {"pool": POOL, "connectionLimit": 30, "migrations": MIGRATIONS}
    assert parse_service(fastapi_service(database=database)).database is not None


small = st.integers(0, 6)
pooled = st.fixed_dictionaries(
    {
        "workers": st.integers(1, 4),
        "replicas": small,
        "autoscaling": st.none() | st.fixed_dictionaries({"maxReplicas": st.integers(1, 6)}),
        "worker": st.none() | st.fixed_dictionaries({"replicas": small}),
        "database": st.fixed_dictionaries(
            {
                "pool": st.fixed_dictionaries({"size": st.integers(1, 6), "overflow": small, "beside": small}),
                "migrations": st.none() | st.sampled_from([MIGRATIONS, ALEMBIC]),
            }
        ),
    }
)


@given(pooled)
def test_words_come_to_the_number_that_they_stand_beside(fields: dict[str, Any]) -> None:
    need = connection_need(spec_of(fields))
    assert need is not None
    products = re.findall(r"(\d+) workers? x \(([\d +]+)\) x \((\d+) \+ (\d+)\)", need.words)
    said = sum(
        int(processes) * sum(int(part) for part in each.split(" + ")) * (int(replicas) + int(surge))
        for processes, each, replicas, surge in products
    )
    assert said == need.of_role
    of_migrations = re.search(r"(\d) for migrations$", need.words)
    assert need.total == said + (int(of_migrations[1]) if of_migrations else 0)


@given(pooled, st.integers(1, 400))
def test_admission_and_operator_refuse_a_limit_that_pools_exceed_and_no_other(
    fields: dict[str, Any], limit: int
) -> None:
    need = connection_need(spec_of(fields))
    limited = fastapi_service(**{**fields, "database": {**fields["database"], "connectionLimit": limit}})
    assert need is not None
    if need.of_role <= limit:
        parse_service(limited)
        assert refusals(limited) == []
        return
    (told,) = refusals(limited)
    assert (told.path, "is more than connectionLimit" in told.message) == (("spec", "database"), True)
    with pytest.raises(InvalidSpecError, match=f"= {need.of_role} connections, and connectionLimit is {limit}"):
        parse_service(limited)


@given(pooled, st.sampled_from(["workers", "replicas"]))
def test_more_of_anything_never_takes_less(fields: dict[str, Any], field: str) -> None:
    more = {**fields, field: fields[field] + 1}
    before, after = connection_need(spec_of(fields)), connection_need(spec_of(more))
    assert before is not None
    assert after is not None
    assert before.total <= after.total
