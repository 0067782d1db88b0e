"""Ports beside the one for HTTP, and those that the machine lent."""

from collections.abc import Iterable
from typing import Any

from fastapi_fleet.compose.models import ComposeService
from fastapi_fleet.compose.notes import Notes

_H2C = {"appProtocol": "kubernetes.io/h2c"}


def extra_ports(
    service: ComposeService, main: int, called: Iterable[tuple[int, str]], notes: Notes
) -> list[dict[str, Any]]:
    """spec.extraPorts: what others call beside the main port, and what is published."""
    found = dict(called)
    for at, port in enumerate(service.ports):
        if port.protocol != "tcp":
            notes.at("ports").left_out(f"{port.target}/{port.protocol}: a FastAPIService listens on TCP alone")
        elif port.target != main:
            found.setdefault(port.target, f"port-{port.target}")
        if port.target == main and port.published:
            notes.at("ports", at).left_out(
                f"port {port.published} of the machine: spec.ingress or spec.route gives a public address, and "
                f"kubectl port-forward service/NAME {port.published}:{main} one for yourself"
            )
    names = {name: port for port, name in found.items()}
    return [
        _port(name if names[name] == port else f"port-{port}", port) for port, name in found.items() if port != main
    ]


def _port(name: str, port: int) -> dict[str, Any]:
    return {"name": name, "port": port, **(_H2C if name == "grpc" else {})}
