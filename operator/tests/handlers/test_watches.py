"""kopf watches what the operator needs, and hands every event on."""

import asyncio
from pathlib import Path

import pytest
from fastapi_fleet.constants import LABEL_MANAGED_BY, MANAGED_BY
from fastapi_fleet.handlers.watches import watch, watch_registry, watch_settings
from fastapi_fleet.kube.kinds import CHILDREN, OWNERS, POD, WATCHED, Object, key_of
from support.api_server import StubApiServer, write_kubeconfig
from support.fleet import Fleet
from support.resources import fastapi_service
from support.waiting import until

SHOP = fastapi_service()
SELECTORS = {
    **{kind.plural: None for kind in OWNERS},
    **{kind.plural: f"{LABEL_MANAGED_BY}={MANAGED_BY}" for kind in (*CHILDREN, POD)},
}
NEWER: Object = {**SHOP, "metadata": {**SHOP["metadata"], "resourceVersion": "2"}}


def test_every_watched_kind_has_a_handler() -> None:
    handlers = watch_registry(Fleet().intake.saw)._watching.get_all_handlers()
    selected = {
        (handler.selector.group, handler.selector.version, handler.selector.any_name)
        for handler in handlers
        if handler.selector is not None
    }
    assert selected == {(kind.group, kind.version, kind.plural) for kind in WATCHED}


def test_kopf_writes_nothing_of_its_own() -> None:
    settings = watch_settings()
    assert settings.posting.enabled is False
    assert settings.persistence.finalizer != "kopf.zalando.org/KopfFinalizerMarker"


async def test_watches_select_children_on_the_server_and_hand_everything_on_until_told_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, fleet, stop = StubApiServer(SHOP), Fleet(), asyncio.Event()
    kubeconfig = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    async with server.serving():
        write_kubeconfig(kubeconfig, server.url)
        watches = asyncio.create_task(watch(fleet.intake.saw, (), stop))
        try:
            await until(lambda: watches.done() or len(server.watching) == len(WATCHED))
            assert server.selectors == SELECTORS
            await see_the_life_of_a_resource(server, fleet)
        finally:
            stop.set()
            await watches


async def test_told_to_end_while_it_learns_the_kinds_of_the_cluster_it_ends_at_once_and_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server, stop = StubApiServer(), asyncio.Event()
    server.scan_may_end.clear()
    kubeconfig = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    async with server.serving():
        write_kubeconfig(kubeconfig, server.url)
        watches = asyncio.create_task(watch(Fleet().intake.saw, (), stop))
        await until(lambda: watches.done() or {"api", "apis"} <= server.scanned)
        stop.set()
        async with asyncio.timeout(3):
            await watches
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def see_the_life_of_a_resource(server: StubApiServer, fleet: Fleet) -> None:
    """Listed, changed and deleted."""
    async with asyncio.timeout(10):
        assert await fleet.queue.get() == key_of(SHOP)
        fleet.queue.done(key_of(SHOP))
        server.events["fastapiservices"].put_nowait(("MODIFIED", NEWER))
        assert await fleet.queue.get() == key_of(SHOP)
        server.events["fastapiservices"].put_nowait(("DELETED", NEWER))
        await until(lambda: fleet.cache.get(key_of(SHOP)) is None)
