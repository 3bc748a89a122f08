"""The results of bulk calls: an item with the reply or the error of its call."""

from __future__ import annotations

from ._generic import Subscriptable
from ._immutable import Immutable, set_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, Literal, NoReturn, TypeVar

    from ._errors import IPlayGamesError
    from ._reply import Reply

    R = TypeVar("R", bound="Reply", covariant=True)
    S = TypeVar("S", bound="Reply")


class _BulkBase(Immutable, Subscriptable):
    """The attributes that both kinds of results have."""

    __slots__ = ("_call_id", "_error", "_id", "_item", "_result")
    __match_args__ = ("id", "result", "error")
    _id: str
    _item: Any
    _call_id: str | None

    @property
    def id(self) -> str:
        """The id of the session. For a call without such an id the id of the call."""
        return self._id

    @property
    def item(self) -> Any:
        """The item of the iterable that the call was made for, such as an id."""
        return self._item

    @property
    def call_id(self) -> str | None:
        """The client's id of the call, which differs for each item."""
        return self._call_id

    def _key(self) -> tuple[Any, ...]:
        return (self._id, getattr(self, "_result", None), getattr(self, "_error", None))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _BulkBase):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._id)


if TYPE_CHECKING:

    class _SuccessBase(_BulkBase, Generic[R]):
        pass

else:
    _SuccessBase = _BulkBase


class BulkSuccess(_SuccessBase["R"]):
    """The result of a call that succeeded."""

    __slots__ = ()
    _result: R

    def __init__(self, id: str, result: R, item: Any = None, call_id: str | None = None) -> None:
        """Makes a result from an id and a reply."""
        set_attribute(self, "_id", id)
        set_attribute(self, "_result", result)
        set_attribute(self, "_item", id if item is None else item)
        set_attribute(self, "_call_id", call_id)

    @property
    def ok(self) -> Literal[True]:
        """Whether the call succeeded: True."""
        return True

    @property
    def result(self) -> R:
        """The reply."""
        return self._result

    @property
    def error(self) -> None:
        """The error: None."""
        return None

    def unwrap(self) -> R:
        """Returns the reply."""
        return self._result

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._id, self._result, self._item, self._call_id)

    def __repr__(self) -> str:
        return f"BulkResult(id={self._id!r}, result={self._result!r})"


class BulkFailure(_BulkBase):
    """The result of a call that failed."""

    __slots__ = ()
    _error: IPlayGamesError

    def __init__(
        self, id: str, error: IPlayGamesError, item: Any = None, call_id: str | None = None
    ) -> None:
        """Makes a result from an id and an error."""
        set_attribute(self, "_id", id)
        set_attribute(self, "_error", error)
        set_attribute(self, "_item", id if item is None else item)
        set_attribute(self, "_call_id", call_id)

    @property
    def ok(self) -> Literal[False]:
        """Whether the call succeeded: False."""
        return False

    @property
    def result(self) -> None:
        """The reply: None."""
        return None

    @property
    def error(self) -> IPlayGamesError:
        """The error."""
        return self._error

    def unwrap(self) -> NoReturn:
        """Raises the error."""
        raise self._error

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._id, self._error, self._item, self._call_id)

    def __repr__(self) -> str:
        return f"BulkResult(id={self._id!r}, error={self._error!r})"


# The result of one call of many. `result.ok` tells the two classes apart, for type checkers too.
if TYPE_CHECKING:
    from typing import TypeAlias

    BulkResult: TypeAlias = BulkSuccess[S] | BulkFailure
else:
    BulkResult = _BulkBase


def make_result(
    id: str | None,
    item: Any,
    result: S | None,
    error: IPlayGamesError | None,
    call_id: str | None,
) -> BulkResult[S]:
    """Makes a result. An item without an id has the id of its call."""
    if error is not None:
        call_id = error.call_id or call_id
        # An item that cannot be used as an id is named itself.
        name: Any = id or call_id or item
        return BulkFailure(name, error, item, call_id)
    assert result is not None
    return BulkSuccess(id or result.call_id, result, item, result.call_id)
