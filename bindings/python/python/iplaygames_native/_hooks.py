"""The hooks of a client: functions of the program that observe its calls.

An exception of a hook goes to `sys.unraisablehook`. It never replaces the result of a call.
"""

from __future__ import annotations

from os import urandom

from . import _core
from ._checks import is_coroutine_function
from ._errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ._reply import Reply


class RequestInfo:
    """A call that is about to be made. The hooks of one call get the same object.

    A hook for requests may change `headers`, for example to add `traceparent`. Hooks may set
    attributes of their own, such as the time.
    """

    operation: str
    """The id of the operation."""
    arguments: Mapping[str, Any]
    """The arguments of the call."""
    call_id: str
    """The client's id of the call, sent as `X-Request-Id`."""
    headers: dict[str, str]
    """The headers of this call."""

    def __init__(
        self, operation: str, arguments: Mapping[str, Any], call_id: str, headers: dict[str, str]
    ) -> None:
        """Makes the object."""
        self.operation = operation
        self.arguments = arguments
        self.call_id = call_id
        self.headers = headers

    def __repr__(self) -> str:
        # Arguments and headers may be secret.
        return f"RequestInfo(operation={self.operation!r}, call_id={self.call_id!r})"


class Hooks:
    """The hooks of a client."""

    __slots__ = ("on_error", "on_request", "on_response")

    def __init__(
        self,
        on_request: Callable[[RequestInfo], object] | None,
        on_response: Callable[[RequestInfo, Reply], object] | None,
        on_error: Callable[[RequestInfo, BaseException], object] | None,
    ) -> None:
        """Makes the object from the functions."""
        self.on_request = on_request
        self.on_response = on_response
        self.on_error = on_error
        for name in self.__slots__:
            hook = getattr(self, name)
            if hook is None:
                continue
            if not callable(hook):
                kind = type(hook).__name__
                message = f"`{name}` must be a function, not {kind}."
                raise invalid_argument(f"/{name}", message, wrong_type=True)
            if is_coroutine_function(hook):
                message = f"`{name}` must be a plain function: nothing awaits a hook."
                raise invalid_argument(f"/{name}", message, wrong_type=True)

    def notify_request(
        self, operation: str, arguments: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> RequestInfo:
        """Calls the hook for requests. Returns the request."""
        call_id = overrides.get("call_id") or urandom(16).hex()
        # Copies: a hook changes neither the arguments of the call nor the options of the client.
        headers = dict(overrides.get("headers", {}))
        request = RequestInfo(operation, dict(arguments), call_id, headers)
        if self.on_request is not None:
            try:
                self.on_request(request)
            except Exception as error:
                _core.write_unraisable(error)
        return request

    def notify_response(self, request: RequestInfo, reply: Reply) -> None:
        """Calls the hook for responses."""
        if self.on_response is not None:
            try:
                self.on_response(request, reply)
            except Exception as error:
                _core.write_unraisable(error)
            except BaseException as interruption:
                from ._interruption import add_call_result

                add_call_result(interruption, request.operation, (reply._raw_reply, None))
                raise

    def notify_error(self, request: RequestInfo, error: BaseException) -> None:
        """Calls the hook for errors, also if the call was interrupted."""
        if self.on_error is not None:
            try:
                self.on_error(request, error)
            except Exception as problem:
                _core.write_unraisable(problem)
