"""This library's Python package."""

import asyncio

from contender import END, PLAYER, START, TOKEN, gather, run


def options(base_url, ca):
    options = {"api_key": TOKEN, "base_url": base_url}
    return options | {"ca_file": ca} if ca else options


def connect(base_url, ca):
    from iplaygames_native import Client

    sessions = Client(**options(base_url, ca)).sessions

    def call(operation, session):
        if operation == START:
            sessions.start(**PLAYER)
        elif operation == END:
            sessions.end(session)
        else:
            sessions.status(session)

    return call


def flight(this):
    from iplaygames_native import AsyncClient

    async def main():
        async with AsyncClient(**options(this.base_url, this.ca)) as client:
            await gather(this, client.sessions.status)

    asyncio.run(main())


run(connect, flight)
