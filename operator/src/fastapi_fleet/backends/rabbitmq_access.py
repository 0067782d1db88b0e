"""What a service may do on the broker, as the regular expressions that RabbitMQ checks names with. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fastapi_fleet.constants import EVENTS_EXCHANGE

_NOTHING: Final = "^$"


@dataclass(frozen=True)
class Access:
    """Permissions in one virtual host: three for names of queues and exchanges, two for routing keys of events."""

    configure: str
    write: str
    read: str
    topic_write: str
    topic_read: str


def grant_access(service: str, publishes: Iterable[str], consumes: Iterable[str]) -> Access:
    """Narrow a service to its own names, the shared exchange and its declared events.

    A service owns each name that starts with its own and a dot. It writes to the exchange only when it publishes and
    binds to it only when it consumes. RabbitMQ checks the routing keys of publishing and binding, but not of messages
    that arrive over a dead-letter exchange or a binding between exchanges: a service that publishes nothing gets no
    way in, one that publishes something is trusted not to use these.
    An event type counts as the literal binding key, wildcards included: `order.*` allows that binding and no other.
    """
    own = own_prefix(service)
    published, consumed = sorted(set(publishes)), sorted(set(consumes))
    return Access(
        configure=_names(own, EVENTS_EXCHANGE),
        write=_names(own, EVENTS_EXCHANGE) if published else _names(own),
        read=_names(own, EVENTS_EXCHANGE) if consumed else _names(own),
        topic_write=_routing_keys(published),
        topic_read=_routing_keys(consumed),
    )


def own_prefix(service: str) -> str:
    """What the names of a service's queues and exchanges begin with: no other service's do, for none has a dot."""
    return f"{service}."


def _names(prefix: str, *exact: str) -> str:
    alternatives = [f"{re.escape(name)}$" for name in exact]
    return f"^({'|'.join([*alternatives, re.escape(prefix)])})"


def _routing_keys(keys: Iterable[str]) -> str:
    alternatives = "|".join(re.escape(key) for key in keys)
    return f"^({alternatives})$" if alternatives else _NOTHING
