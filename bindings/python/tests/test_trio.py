"""The asynchronous client on anyio and on trio."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
import trio
from conftest import START

from iplaygames_native import AsyncClient, Client, Sandbox


def test_the_asynchronous_client_works_with_anyio_on_asyncio(iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            found: list[str] = []

            async def play() -> None:
                session = await client.sessions.start(**START)
                found.append((await client.sessions.status(session.session_id)).status)

            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(play)
            assert found == ["active"] * 5
            iplaygames_sandbox.fault("list_games", delay_ms=60_000)
            with anyio.move_on_after(0.1) as scope:
                await client.call("list_games")
            assert scope.cancelled_caught and client.stats()["in_flight"] == 0

    anyio.run(main)


def test_the_asynchronous_client_refuses_trio_with_a_sentence(iplaygames_sandbox: Sandbox) -> None:
    made = AsyncClient(**iplaygames_sandbox.config)

    async def main() -> None:
        with pytest.raises(RuntimeError, match="does not run on trio"):
            AsyncClient(**iplaygames_sandbox.config)
        with pytest.raises(RuntimeError, match="does not run on trio"):
            iplaygames_sandbox.async_client()
        calls: list[Any] = [
            made.sessions.status("x"),
            made.games.list().pages().__anext__(),
            made.sessions.watch("x").__anext__(),
            made.sessions.watch_many(["x"]).__anext__(),
            made.sessions.status_many(["x"]).__anext__(),
        ]
        for call in calls:
            with pytest.raises(RuntimeError, match="to_thread"):
                await call

    trio.run(main)
    made.close()
    assert iplaygames_sandbox.called() == 0


def test_the_blocking_client_works_in_a_thread_of_trio(iplaygames_sandbox: Sandbox) -> None:
    async def main() -> None:
        with Client(**iplaygames_sandbox.config) as client:
            session = await trio.to_thread.run_sync(lambda: client.sessions.start(**START))
            status = await trio.to_thread.run_sync(client.sessions.status, session.session_id)
            assert status.status == "active"

    trio.run(main)


def test_without_an_event_loop_the_error_is_that_of_asyncio(iplaygames_sandbox: Sandbox) -> None:
    client = iplaygames_sandbox.async_client()
    with pytest.raises(RuntimeError, match="no running event loop"):
        client.sessions.status("x").send(None)
