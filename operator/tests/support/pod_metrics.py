"""Pods that say of themselves what a test tells them to."""

from fastapi_fleet.errors import BackendUnavailableError


class FakePodMetrics:
    """`says`: by address. `asked`: addresses with port and path."""

    def __init__(self) -> None:
        self.says: dict[str, str] = {}
        self.asked: list[tuple[str, int, str]] = []

    async def read(self, address: str, port: int, path: str) -> str:
        self.asked.append((address, port, path))
        if address not in self.says:
            raise BackendUnavailableError(f"GET {path}: ConnectTimeout")
        return self.says[address]


def metrics(*, answered: int, failed: int = 0, slow: int = 0) -> str:
    """As fleetkit shows them: so many requests, those that failed and those that took between 1 and 2 s among them."""
    counted = {"200": answered - failed, "500": failed}
    lines = [f'http_requests_total{{handler="/a",method="GET",status="{code}"}} {n}' for code, n in counted.items()]
    for bound, within in {"0.1": answered - slow, "1.0": answered - slow, "2.0": answered, "+Inf": answered}.items():
        lines.append(f'http_request_duration_seconds_bucket{{handler="/a",method="GET",le="{bound}"}} {within}')
    types = ("# TYPE http_requests counter", "# TYPE http_request_duration_seconds histogram")
    return "\n".join([types[0], *lines[:2], types[1], *lines[2:], ""])
