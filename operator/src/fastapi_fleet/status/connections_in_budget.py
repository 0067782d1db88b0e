"""ConnectionsInBudget: a warning that the database server would refuse connections that pods may open.

Ready does not wait for it: pools seldom open all that they may, and a server may be larger before they do.
"""

from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.resources.connections import connection_need
from fastapi_fleet.status.conditions import Finding, fails
from fastapi_fleet.status.facts import ServiceFacts


def connections_in_budget(facts: ServiceFacts) -> Finding | None:
    """None where they fit, and where pools or the server's limit are not known."""
    if facts.spec is None or facts.database is None or facts.database.capacity is None:
        return None
    need, capacity = connection_need(facts.spec), facts.database.capacity
    if need is None:
        return None
    known = [taken for taken in facts.sharing_server if taken is not None]
    wanted = need.total + sum(known)
    if wanted <= capacity.for_services:
        return None
    of_others = f", with {sum(known)} of {_services(len(known))} {wanted}" if known else ""
    message = f"{need.words} = {need.total}{of_others} > {_words(capacity)}{_unknown(facts.sharing_server)}"
    return fails(ConditionType.CONNECTIONS_IN_BUDGET, Reason.SERVER_LIMIT_EXCEEDED, message)


def _words(capacity: ServerCapacity) -> str:
    return f"{capacity.for_services} of the server: max_connections {capacity.most} - {capacity.reserved} reserved"


def _unknown(sharing: tuple[int | None, ...]) -> str:
    unknown = sum(taken is None for taken in sharing)
    return f"; what {_services(unknown)} may take is not known" if unknown else ""


def _services(number: int) -> str:
    return f"{number} other service{'s' if number != 1 else ''}"
