import subprocess
import sys
from typing import Literal

import pytest
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.runtime import backend_of
from fleetkit.metrics import new_registry
from fleetkit.settings import BrokerSettings, SettingsError

PROGRAM = """
import sys
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.runtime import backend_of
from fleetkit.metrics import new_registry
from fleetkit.settings import BrokerSettings

backend_of(BrokerSettings(), "things", EventMetrics(new_registry()))
print(*sorted({"aio_pika", "aiokafka"} & sys.modules.keys()))
"""


@pytest.mark.parametrize(
    ("environment", "client"),
    [
        ({"RABBITMQ_URL": "amqp://user:password@nowhere/%2F"}, "aio_pika"),
        ({"EVENTS_BACKEND": "kafka", "KAFKA_BOOTSTRAP_SERVERS": "nowhere:9092"}, "aiokafka"),
    ],
)
def test_only_the_client_of_the_chosen_broker_is_loaded(environment: dict[str, str], client: str) -> None:
    loaded = subprocess.run(  # noqa: S603 - the program is the one above
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == [client]


@pytest.mark.parametrize(("backend", "variable"), [("rabbitmq", "RABBITMQ_URL"), ("kafka", "KAFKA_BOOTSTRAP_SERVERS")])
def test_a_broker_without_an_address_is_refused_by_the_name_of_the_variable(
    backend: Literal["rabbitmq", "kafka"], variable: str
) -> None:
    settings = BrokerSettings.model_construct(events_backend=backend, rabbitmq_url=None, kafka_bootstrap_servers=None)
    with pytest.raises(SettingsError, match=variable):
        backend_of(settings, "things", EventMetrics(new_registry()))
