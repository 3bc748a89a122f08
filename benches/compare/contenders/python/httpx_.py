"""httpx with Client and AsyncClient."""

import asyncio

from contender import HEADERS, PLAYER, START, STATUS, check, gather, route, run


def options(ca):
    return {"headers": HEADERS, "timeout": 30, "trust_env": False, "verify": ca or True}


def connect(base_url, ca):
    import httpx

    client = httpx.Client(**options(ca))

    def call(operation, session):
        method, url = route(base_url, operation, session)
        answer = client.request(method, url, json=PLAYER if operation == START else None)
        check(operation, answer.status_code, answer.json())

    return call


def flight(this):
    import httpx

    async def main():
        async with httpx.AsyncClient(**options(this.ca)) as client:

            async def call(session):
                answer = await client.request(*route(this.base_url, STATUS, session))
                check(STATUS, answer.status_code, answer.json())

            await gather(this, call)

    asyncio.run(main())


run(connect, flight)
