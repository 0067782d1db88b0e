"""Settings of the orders service, read from the environment by name."""

from fleetkit.settings import BrokerSettings, DatabaseSettings, ServiceName, ServiceSettings, ServiceUrl


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings):
    """Required: `DATABASE_URL`, `RABBITMQ_URL`, `USER_SERVICE_URL`. The service name begins its queues' names."""

    service_name: ServiceName = "orders"
    user_service_url: ServiceUrl
