"""Delivers the completions of calls to an asyncio event loop.

Each event loop has one mailbox. The client's I/O thread, which Python does not know, pushes a token
into the mailbox when a call has completed. The loop watches the mailbox's descriptor and completes
the futures. So no foreign thread ever takes the GIL: a thread that takes it while the interpreter
exits would abort the process, and a thread that waits for a busy Python would delay every
connection.
"""

from __future__ import annotations

from asyncio import get_running_loop
from sys import modules
from threading import Lock, Thread
from weakref import WeakKeyDictionary, ref

from . import _core
from ._errors import ClosedError, internal_error
from ._interruption import add_call_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any, Protocol, TypeVar

    from ._reply import Reply

    R = TypeVar("R", bound=Reply)

    class Waiter(Protocol):
        """An object that waits for a completion, such as a future."""

        def done(self) -> bool:
            """Returns whether the waiter is completed or canceled."""
            ...

        def set_result(self, result: None, /) -> object:
            """Completes the waiter."""
            ...


class LoopState:
    """The mailbox of an event loop and its waiters. Used on the loop's own thread only."""

    __slots__ = ("__weakref__", "last_logged", "last_token", "log_tokens", "mailbox", "waiters")

    def __init__(self) -> None:
        """Makes a mailbox without waiters."""
        self.mailbox = _core.Mailbox()
        self.last_token = 0
        self.waiters: dict[int, Waiter] = {}
        # The clients whose log lines this loop delivers, with their tokens.
        self.log_tokens: WeakKeyDictionary[_core.Client, int] = WeakKeyDictionary()
        # The client of the last call. It needs no look-up: most programs have one client.
        self.last_logged: ref[_core.Client] | None = None

    def attach_log(self, core: _core.Client) -> None:
        """Makes this loop deliver the log lines of a client as they are written."""
        if self.last_logged is not None and self.last_logged() is core:
            return
        if core not in self.log_tokens:
            token = self.next_token()
            self.log_tokens[core] = token
            self.waiters[token] = _LogWaiter(core)
            core.attach_log(self.mailbox, token)
        self.last_logged = ref(core)

    def next_token(self) -> int:
        """Returns a number that no other call of this loop has."""
        self.last_token += 1
        return self.last_token

    def deliver_pending(self) -> None:
        """Completes the waiters of the tokens in the mailbox."""
        self.deliver(self.mailbox.take())

    def deliver(self, tokens: list[int]) -> None:
        """Completes the waiters of the given tokens."""
        for token in tokens:
            waiter = self.waiters.get(token)
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    async def call(
        self,
        loop: AbstractEventLoop,
        core: _core.Client,
        operation: str,
        kind: type[R],
        arguments: dict[str, Any],
        options: _core.Options | None,
    ) -> R:
        """Makes a call. Canceling the task cancels the call and closes its connection."""
        if "logging" in modules:
            self.attach_log(core)
        token = self.next_token()
        future: Future[None] = loop.create_future()
        self.waiters[token] = future
        try:
            call = core.submit(operation, arguments, options, self.mailbox, token)
            try:
                await future
            except BaseException as error:
                raw_result = call.cancel()
                if raw_result is not None:
                    add_call_result(error, operation, raw_result)
                raise
            raw_reply = call.result()
        finally:
            del self.waiters[token]
        if raw_reply is None:
            raise internal_error("A defect in this library: a completed call has no result.")
        return kind(raw_reply)


def get_loop() -> AbstractEventLoop:
    """Returns the running event loop. Raises a `RuntimeError` that names trio on trio."""
    try:
        return get_running_loop()
    except RuntimeError:
        refuse_trio()
        raise


def refuse_trio() -> None:
    """Raises a `RuntimeError` inside a task of trio."""
    trio = modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        raise RuntimeError(
            "AsyncClient needs an asyncio event loop and does not run on trio. Use a Client in a "
            "thread: await trio.to_thread.run_sync(client.sessions.status, session_id)."
        )


class _LogWaiter:
    """Delivers the log lines of a client when its token comes. Never done."""

    __slots__ = ("core",)

    def __init__(self, core: _core.Client) -> None:
        self.core = ref(core)

    def done(self) -> bool:
        return False

    def set_result(self, result: None, /) -> None:
        core = self.core()
        if core is not None:
            core.deliver_log()


_states: WeakKeyDictionary[AbstractEventLoop, LoopState] = WeakKeyDictionary()
_states_lock = Lock()
# The loop of the last call and its state: most programs have one loop. The references are weak,
# because a closed loop releases its state.
_last: tuple[ref[AbstractEventLoop], ref[LoopState]] | None = None


def get_loop_state(loop: AbstractEventLoop) -> LoopState:
    """Returns the state of an event loop. Makes the state on first use.

    The loop holds the state while it watches the mailbox; a closed loop releases it.
    """
    global _last
    # Read once: another thread has another loop.
    last = _last
    if last is not None and last[0]() is loop:
        state = last[1]()
        if state is not None:
            return state
    state = _states.get(loop)
    if state is None:
        state = LoopState()
        try:
            loop.add_reader(state.mailbox.fileno(), state.deliver_pending)
        except NotImplementedError:
            # On Windows the default loop cannot watch a descriptor, and a mailbox has none.
            arguments = (ref(loop), ref(state), state.mailbox)
            Thread(target=_pump, args=arguments, name="iplaygames-mail", daemon=True).start()
        with _states_lock:
            _states[loop] = state
    _last = (ref(loop), ref(state))
    return state


def _pump(
    loop_ref: ref[AbstractEventLoop], state_ref: ref[LoopState], mailbox: _core.Mailbox
) -> None:
    """Moves tokens from the mailbox to a loop that cannot watch the mailbox itself."""
    while True:
        try:
            has_tokens = mailbox.wait(0.5)
        except ClosedError:
            return
        loop, state = loop_ref(), state_ref()
        if loop is None or state is None or loop.is_closed():
            return
        if has_tokens:
            try:
                loop.call_soon_threadsafe(state.deliver, mailbox.take())
            except RuntimeError:
                # The loop was closed in the meantime, so no waiter is left.
                return
        del loop, state
