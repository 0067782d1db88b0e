"""Passwords and keys of the shop that change while it runs, and who is let in by them."""

from fastapi_fleet.constants import ANNOTATION_ROTATE
from fastapi_fleet.kube.kinds import Object, key_of
from fastapi_fleet.reconcile.credentials import login_in, password_in

from support.backed_service import SHOP
from support.fleet import Fleet


def ask(fleet: Fleet, value: str = "now") -> None:
    def annotate(service: Object) -> None:
        service["metadata"].setdefault("annotations", {})[ANNOTATION_ROTATE] = value

    fleet.kube.edit(key_of(SHOP), annotate)


async def go_on(fleet: Fleet, seconds: float = 0.0) -> None:
    """Let passes that were asked for follow, when so much time is over."""
    await fleet.settle()
    fleet.time.advance(seconds)
    await fleet.settle()
    fleet.time.advance(0)
    await fleet.settle()


def assert_lets_in(fleet: Fleet, given: dict[str, str]) -> None:
    """Whoever starts with this Secret is let in by both servers."""
    database, broker = login_in(given["DATABASE_URL"]) or "", login_in(given["RABBITMQ_URL"]) or ""
    assert fleet.postgres.logins.get(database) == password_in(given["DATABASE_URL"])
    assert fleet.rabbitmq.users[broker].password == password_in(given["RABBITMQ_URL"])


def rotated(fleet: Fleet) -> tuple[str, str]:
    condition = fleet.conditions(SHOP)["CredentialsRotated"]
    return condition.status, condition.reason
