"""The calls of a bulk run: a call that was submitted, and a call that waits for capacity."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import _core
    from ._errors import BusyError
    from ._hooks import RequestInfo


class InFlight:
    """A call of a run that was submitted."""

    __slots__ = ("call", "id", "item", "request")

    def __init__(
        self, id: str | None, item: Any, call: _core.Call, request: RequestInfo | None
    ) -> None:
        """Makes the object."""
        self.id = id
        self.item = item
        self.call = call
        self.request = request


class PreparedCall:
    """A call that could not be submitted, because the client was at its limit."""

    __slots__ = ("call_id", "error", "options", "request")

    def __init__(
        self,
        request: RequestInfo | None,
        options: _core.Options | None,
        call_id: str | None,
        error: BusyError,
    ) -> None:
        """Makes the object. The hook for requests was called with the request."""
        self.request = request
        self.options = options
        self.call_id = call_id
        self.error = error
