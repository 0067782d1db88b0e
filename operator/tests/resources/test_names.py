"""Names that backends and Kubernetes accept."""

from fastapi_fleet.resources import names
from hypothesis import given
from hypothesis import strategies as st

kubernetes_names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=63)


@given(kubernetes_names, kubernetes_names)
def test_database_name_fits_postgres(namespace: str, service: str) -> None:
    assert len(names.database(namespace, service).encode()) <= names.POSTGRES_IDENTIFIER_LIMIT


@given(st.tuples(kubernetes_names, kubernetes_names), st.tuples(kubernetes_names, kubernetes_names))
def test_databases_of_two_services_never_share_a_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (names.database(*one) == names.database(*other)) == (one == other)


def test_long_names_with_the_same_beginning_stay_apart() -> None:
    beginning = "n" * 60
    assert names.database(beginning, "orders") != names.database(beginning, "orders2")


def test_short_name_is_readable() -> None:
    assert names.database("team", "shop") == "team.shop"
