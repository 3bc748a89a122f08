"""Makes calls for the fault matrix, as lines of JSON on standard input tell it. `python.rs` is the
other side."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from typing import Any

import iplaygames_native as iplaygames

writing = threading.Lock()


def answer(command: dict[str, Any], **facts: Any) -> None:
    with writing:
        print(json.dumps({"id": command["id"], **facts}), flush=True)


def report(command: dict[str, Any], result: Any, error: BaseException | None) -> None:
    if error is None:
        data = result.raw.get("data") or {}
        answer(
            command,
            claim="success",
            code=0,
            message="",
            http_status=None,
            session_id=data.get("session_id"),
        )
        return
    answer(
        command,
        # A canceled task may have no outcome.
        claim=getattr(error, "outcome", None),
        code=getattr(error, "code", 0),
        message=f"{type(error).__name__}: {error}",
        http_status=getattr(error, "status_code", None),
    )


def make(kind: Any, command: dict[str, Any]) -> Any:
    pem = command["ca_pem"]
    return kind(
        api_key="test-key-123",
        base_url=command["base_url"],
        transport=command["transport"],
        timeout=command["timeout"],
        attempt_timeout=command["attempt_timeout"],
        max_retries=1,
        proxy="none",
        **({} if pem is None else {"ca_pem": pem, "ca_only": True}),
    )


def options(client: Any, command: dict[str, Any]) -> Any:
    timeout = command["timeout"]
    retries = None if timeout is None else 6
    return client.with_options(call_id=command["call_id"], timeout=timeout, max_retries=retries)


def run_sync() -> None:
    clients: dict[int, Any] = {}

    def call(client: Any, command: dict[str, Any]) -> None:
        try:
            result = options(client, command).call(command["operation"], **command["arguments"])
        except BaseException as error:
            report(command, None, error)
        else:
            report(command, result, None)

    for line in sys.stdin:
        command = json.loads(line)
        number = command["client"]
        match command["do"]:
            case "open":
                clients[number] = make(iplaygames.Client, command)
                answer(command)
            case "call":
                threading.Thread(target=call, args=(clients[number], command), daemon=True).start()
            case "free":
                clients[number].close()
                answer(command)


async def run_asyncio() -> None:
    clients: dict[int, Any] = {}
    tasks: dict[int, asyncio.Task[None]] = {}
    loop = asyncio.get_running_loop()

    async def call(client: Any, command: dict[str, Any]) -> None:
        try:
            result = await options(client, command).call(command["operation"], **command["arguments"])
        except BaseException as error:
            report(command, None, error)
        else:
            report(command, result, None)

    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        number = command["client"]
        match command["do"]:
            case "open":
                clients[number] = make(iplaygames.AsyncClient, command)
                answer(command)
            case "call":
                tasks[number] = asyncio.create_task(call(clients[number], command))
            case "cancel":
                tasks[number].cancel()
                answer(command)
            case "free":
                clients[number].close()
                answer(command)


if sys.argv[1] == "sync":
    run_sync()
else:
    asyncio.run(run_asyncio())
