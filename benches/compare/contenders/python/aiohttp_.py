"""aiohttp. It is asynchronous only: for one call at a time an event loop runs each call."""

import asyncio
import atexit

from contender import HEADERS, PLAYER, START, STATUS, check, gather, route, run


async def ask(client, base_url, operation, session):
    method, url = route(base_url, operation, session)
    async with client.request(method, url, json=PLAYER if operation == START else None) as answer:
        check(operation, answer.status, await answer.json())


def connect(base_url, ca):
    import aiohttp

    loop = asyncio.new_event_loop()

    async def make():
        return aiohttp.ClientSession(headers=HEADERS)

    client = loop.run_until_complete(make())
    atexit.register(lambda: loop.run_until_complete(client.close()))
    return lambda operation, session: loop.run_until_complete(ask(client, base_url, operation, session))


def flight(this):
    import aiohttp

    async def main():
        async with aiohttp.ClientSession(headers=HEADERS) as client:
            await gather(this, lambda session: ask(client, this.base_url, STATUS, session))

    asyncio.run(main())


run(connect, flight)
