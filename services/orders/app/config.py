"""Settings of the orders service, read from the environment by name."""

from fleetkit.settings import BrokerSettings, DatabaseSettings, ServiceSettings, ServiceUrl


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings):
    """Required: `DATABASE_URL`, `RABBITMQ_URL`, `USER_SERVICE_URL`. The service name begins its queues' names."""

    service_name: str = "orders"
    user_service_url: ServiceUrl
