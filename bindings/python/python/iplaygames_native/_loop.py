"""How the end of a call gets into an event loop.

Each loop has one mailbox. The client's own thread, which Python does not know, notes there what has ended;
the loop watches the mailbox's descriptor and completes the futures. So no foreign thread ever asks for the
GIL: one that did while the interpreter ends would take the process with it, and one that waits for a busy
Python would keep every connection waiting.
"""

from __future__ import annotations

from threading import Lock, Thread
from weakref import WeakKeyDictionary, ref

from . import _core
from ._errors import add_call_result, internal_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any, Protocol

    from ._results import Facts

    class Waiter(Protocol):
        """What is told; futures are."""

        def done(self) -> bool: ...
        def set_result(self, result: None, /) -> object: ...


class Box:
    """A loop's mailbox, and who waits for what. Used on the loop's own thread."""

    __slots__ = ("__weakref__", "mailbox", "token", "waiting")

    def __init__(self) -> None:
        self.mailbox = _core.Mailbox()
        self.token = 0
        self.waiting: dict[int, Waiter] = {}

    def next_token(self) -> int:
        """A number that no other call of this loop has."""
        self.token += 1
        return self.token

    def drain(self) -> None:
        """Tells those whose mail has come."""
        self.tell(self.mailbox.take())

    def tell(self, tokens: list[int]) -> None:
        """Tells those that wait for these."""
        for token in tokens:
            waiter = self.waiting.get(token)
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    async def call(
        self,
        loop: AbstractEventLoop,
        core: _core.Client,
        operation: str,
        arguments: dict[str, Any],
        options: _core.Options | None,
    ) -> Facts:
        """Makes a call; canceling the task cancels it and closes its connection."""
        token = self.next_token()
        future: Future[None] = loop.create_future()
        self.waiting[token] = future
        try:
            call = core.submit(operation, arguments, options, self.mailbox, token)
            try:
                await future
            except BaseException as error:
                ending = call.cancel()
                if ending is not None:
                    add_call_result(error, operation, ending)
                raise
            facts = call.result()
        finally:
            del self.waiting[token]
        if facts is None:
            raise internal_error(
                "A defect in this library: a call was reported as ended and has no result."
            )
        return facts


_boxes: WeakKeyDictionary[AbstractEventLoop, Box] = WeakKeyDictionary()
_making = Lock()


def box_of(loop: AbstractEventLoop) -> Box:
    """The loop's box. The loop holds it as long as it watches it; a closed loop lets go of it."""
    box = _boxes.get(loop)
    if box is None:
        box = Box()
        try:
            loop.add_reader(box.mailbox.fileno(), box.drain)
        except NotImplementedError:
            # The loop cannot watch a descriptor, or the mailbox has none: both are so on Windows.
            name = "iplaygames-mail"
            Thread(
                target=_carry, args=(ref(loop), ref(box), box.mailbox), name=name, daemon=True
            ).start()
        with _making:
            _boxes[loop] = box
    return box


def _carry(loop_ref: ref[AbstractEventLoop], box_ref: ref[Box], mailbox: _core.Mailbox) -> None:
    """Carries mail into a loop that cannot look for itself."""
    from ._errors import ClosedError

    while True:
        try:
            came = mailbox.wait(0.5)
        except ClosedError:
            return
        loop, box = loop_ref(), box_ref()
        if loop is None or box is None or loop.is_closed():
            return
        if came:
            try:
                loop.call_soon_threadsafe(box.tell, mailbox.take())
            except RuntimeError:
                # Closed meanwhile: nobody waits any more.
                return
        del loop, box
