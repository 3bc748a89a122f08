"""A client for programs that use gevent.

A call of `Client` runs in native code on the thread that makes it. gevent cannot switch to another
greenlet meanwhile, also not after `monkey.patch_all()`. So the calls run in the threads of gevent:

    api = GeventClient(Client())
    session = api.run(api.client.sessions.start, game_id=123, …)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gevent.threadpool import ThreadPool
from iplaygames_native import Client

R = TypeVar("R")


class GeventClient:
    """A client whose calls block the greenlet that makes them, and no other greenlet."""

    def __init__(self, client: Client, max_calls: int = 32) -> None:
        """Makes at most `max_calls` calls at once. Give the client as many connections."""
        self.client = client
        self._pool = ThreadPool(max_calls)

    def run(self, function: Callable[..., R], *args: object, **keywords: object) -> R:
        """Calls a function in a thread of the pool. Raises the exception of the function.

        `gevent.Timeout` and `kill` end only the wait of the greenlet. The call goes on: set
        `timeout` of the client, and treat a start as `unknown`.
        """

        def call() -> tuple[R | None, BaseException | None]:
            # gevent prints each exception that leaves a function of the pool.
            try:
                return function(*args, **keywords), None
            except BaseException as error:
                return None, error

        result, error = self._pool.apply(call)
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def close(self) -> None:
        """Closes the client and ends the threads."""
        self.client.close()
        self._pool.kill()
