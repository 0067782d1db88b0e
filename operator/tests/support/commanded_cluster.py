"""A cluster in memory that commands ask over HTTP, in which the operator is at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi_fleet.kube.kinds import ObjectKey

from support.api_server import write_kubeconfig
from support.cluster_server import ClusterServer
from support.command_line import Ended, fleet
from support.fleet import Fleet

SHOP = ObjectKey("FastAPIService", "team", "shop")


@dataclass
class CommandedCluster:
    """What the kubeconfig leads to."""

    server: ClusterServer
    operator: Fleet

    async def fleet(self, *arguments: str) -> Ended:
        """Run a command beside the server."""
        return await asyncio.to_thread(fleet, *arguments)

    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.server.kube.object(SHOP)["spec"]
        return spec


@asynccontextmanager
async def commanded_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CommandedCluster]:
    async with ClusterServer().serving() as server:
        kubeconfig = tmp_path / "config"
        write_kubeconfig(kubeconfig, server.url)
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        watches = server.kube.watchers
        operator = Fleet(server.kube)
        server.kube.watchers += watches
        yield CommandedCluster(server, operator)
