"""Settings of the users service, read from the environment by name."""

from fleetkit.settings import BrokerSettings, DatabaseSettings, ServiceName, ServiceSettings


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings):
    """Required: `DATABASE_URL`, `RABBITMQ_URL`. The service name begins its queues' names."""

    service_name: ServiceName = "users"
