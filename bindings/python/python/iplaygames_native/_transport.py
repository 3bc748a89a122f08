"""Transports that are Python callables: the worker threads that run them, and their results.

The core adds a request to a queue on the thread that drives the call, and never runs Python code.
A worker thread takes the request, calls the callable, and answers. One worker always waits; another
one is started when the last one that waits takes a request. All are daemon threads: a callable
that blocks does not delay the exit of the interpreter.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Thread
from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from . import _core

    Response: TypeAlias = tuple[int, Mapping[str, str] | Iterable[tuple[str, str]], bytes]
    Transport: TypeAlias = Callable[[str, str, dict[str, str], bytes], Response]


def max_workers(max_connections: int | None) -> int:
    """Returns the greatest number of worker threads: one for each connection.

    The core refuses a number that is out of range.
    """
    if isinstance(max_connections, int) and 1 <= max_connections <= 4096:
        return max_connections
    return 32


class NotSentError(Exception):
    """Raised by a transport that is certain that no byte of the request was sent.

    The call then fails with the outcome `not_sent`, and may be sent again. After any other
    exception of a transport the outcome is `unknown`.
    """


class _BadResponse(Exception):
    """The callable returned a value that is not a response."""


class CallableTransport:
    """A callable that sends the requests of a client. The client holds the only reference.

    The worker threads hold a reference only while they have a request. So a client that nothing
    else refers to is collected, also if the callable refers to it.
    """

    __slots__ = ("__weakref__", "_send")

    def __init__(self, send: Transport) -> None:
        """Makes the object. Starts no thread."""
        self._send = send

    def start(self, exchanges: _core.Exchanges, starts_worker: bool, starts_driver: bool) -> None:
        """Starts the threads that the client needs. Called by the core before a call."""
        if starts_driver:
            try:
                Thread(target=exchanges.drive, name="iplaygames-io", daemon=True).start()
            except BaseException:
                exchanges.release_driver()
                if starts_worker:
                    exchanges.release_worker()
                raise
        if starts_worker:
            _start_worker(exchanges, ref(self))

    def handle(self, exchange: _core.Exchange) -> None:
        """Calls the callable and answers the exchange."""
        try:
            response = self._send(exchange.method, exchange.url, exchange.headers, exchange.body)
            answer = _to_answer(response)
        except NotSentError as error:
            exchange.fail("connect", False, _describe(error))
        except _BadResponse as error:
            exchange.fail("bad_response", True, str(error))
        except TimeoutError as error:
            exchange.fail("timeout", True, _describe(error))
        except BaseException as error:
            # Also SystemExit and KeyboardInterrupt: on this thread they end only the request.
            exchange.fail("connection_lost", True, _describe(error))
        else:
            exchange.respond(*answer)


def _start_worker(exchanges: _core.Exchanges, transport: ref[CallableTransport]) -> None:
    """Starts a worker thread that the queue counts already."""
    try:
        arguments = (exchanges, transport)
        Thread(target=_work, args=arguments, name="iplaygames-transport", daemon=True).start()
    except BaseException:
        exchanges.release_worker()
        raise


def _work(exchanges: _core.Exchanges, transport_ref: ref[CallableTransport]) -> None:
    """Handles requests until the client is closed."""
    while True:
        taken = exchanges.take()
        if taken is None:
            return
        exchange, starts_worker = taken
        if starts_worker:
            # If there can be no more threads, the other requests wait for this one.
            with suppress(RuntimeError):
                _start_worker(exchanges, transport_ref)
        transport = transport_ref()
        if transport is not None:
            transport.handle(exchange)
        # An exchange that is dropped without an answer fails.
        del taken, exchange, transport


def _describe(error: BaseException) -> str:
    """Returns the type and the text of an exception of the callable."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:
        text = ""
    return f"the transport raised {name}: {text}" if text else f"the transport raised {name}"


def _to_answer(response: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    """Checks and converts what the callable returned. A message never contains a value."""
    if not isinstance(response, tuple) or len(response) != 3:
        message = f"not a {_kind(response)}"
        if isinstance(response, tuple):
            message = f"not {len(response)} values"
        raise _BadResponse(f"the transport must return (status, headers, body), {message}")
    status, headers, body = response
    if isinstance(status, bool) or not isinstance(status, int):
        raise _BadResponse(
            f"the `status` that the transport returned must be an int, not {_kind(status)}"
        )
    if not 200 <= status <= 599:
        raise _BadResponse(
            f"the `status` that the transport returned is {int(status)}; it must be 200 to 599"
        )
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise _BadResponse(
            f"the `body` that the transport returned must be bytes, not {_kind(body)}"
        )
    return int(status), _to_pairs(headers), bytes(body)


def _to_pairs(headers: Any) -> list[tuple[str, str]]:
    """Checks and converts the headers: a mapping, another object with `items`, or pairs."""
    items = headers.items() if hasattr(headers, "items") else headers
    try:
        pairs = [(name, value) for name, value in items]
    except (TypeError, ValueError):
        raise _BadResponse(
            "the `headers` that the transport returned must be a mapping or pairs, "
            f"not {_kind(headers)}"
        ) from None
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str):
            raise _BadResponse(
                "the `headers` that the transport returned must be str, "
                f"not {_kind(name)} and {_kind(value)}"
            )
        try:
            (name + value).encode()
        except UnicodeEncodeError:
            raise _BadResponse(
                "the `headers` that the transport returned have a lone surrogate"
            ) from None
    return pairs


def _kind(value: object) -> str:
    return type(value).__name__
