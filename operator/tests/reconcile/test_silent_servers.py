"""A server that leaves a call without an answer is asked by one at a time until it answers."""

import pytest
from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError, NotOwnedError
from fastapi_fleet.reconcile.silent_servers import SilentServers

SILENCE = BackendUnavailableError("PostgreSQL at db: no answer in time")


def fail(servers: SilentServers, error: Exception) -> None:
    with pytest.raises(type(error)), servers.asking("db"):
        raise error


def told_beside_another(servers: SilentServers, server: str = "db") -> str | None:
    """What a call is told that begins while another waits for `db`; None where it may go on."""
    with servers.asking("db"):
        try:
            with servers.asking(server):
                return None
        except BackendUnavailableError as error:
            return error.message


def test_server_that_answers_is_asked_by_all() -> None:
    assert told_beside_another(SilentServers()) is None


def test_silent_server_is_asked_by_one_and_others_are_told_what_it_was_told() -> None:
    servers = SilentServers()
    fail(servers, SILENCE)
    assert told_beside_another(servers) == SILENCE.message


def test_other_servers_are_asked_as_ever() -> None:
    servers = SilentServers()
    fail(servers, SILENCE)
    assert told_beside_another(servers, "another") is None


@pytest.mark.parametrize(
    "answer", [BackendRefusedError("LoginRefused", "refused"), NotOwnedError("another's")], ids=["refusal", "foreign"]
)
def test_whatever_it_answers_ends_its_silence(answer: Exception) -> None:
    servers = SilentServers()
    fail(servers, SILENCE)
    fail(servers, answer)
    assert told_beside_another(servers) is None


def test_success_ends_its_silence() -> None:
    servers = SilentServers()
    fail(servers, SILENCE)
    with servers.asking("db"):
        pass
    assert told_beside_another(servers) is None
