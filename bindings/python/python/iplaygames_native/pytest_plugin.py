"""Fixtures for pytest: a sandbox, and clients that are connected to it.

    def test_the_game_opens(iplaygames_sandbox, iplaygames_client):
        iplaygames_sandbox.fault("start_a_game_session", status=500)

`@pytest.mark.iplaygames_sandbox(end_twice="ok")` configures a test's sandbox. The markers of a
class and its tests are merged; the marker that is nearer to the test wins. A positional argument is
a dict of options.

The fixtures whose names begin with `iplaygames_session_` live as long as the test session: their
sandbox is shared, and is reset before each test that uses it or its client.
"""

from __future__ import annotations

import pytest

from ._sandbox import Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._aio import AsyncClient
    from ._client import Client


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "iplaygames_sandbox(options, **config): configures the iplaygames_sandbox of a test",
    )


def sandbox_options(node: Any) -> dict[str, Any]:
    """Returns the configuration that the markers of a test give to its sandbox."""
    options: dict[str, Any] = {}
    # The nearest marker comes first.
    for marker in reversed(list(node.iter_markers("iplaygames_sandbox"))):
        for given in marker.args:
            if not isinstance(given, dict):
                raise pytest.UsageError(
                    "The marker iplaygames_sandbox takes a dict and named options, "
                    f"not {type(given).__name__}."
                )
            options |= given
        options |= marker.kwargs
    return options


@pytest.fixture
def iplaygames_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Starts a sandbox for one test."""
    with Sandbox(**sandbox_options(request.node)) as sandbox:
        yield sandbox


@pytest.fixture
def iplaygames_client(iplaygames_sandbox: Sandbox) -> Client:
    """Makes a client of the test's sandbox."""
    return iplaygames_sandbox.client()


@pytest.fixture
def iplaygames_async_client(iplaygames_sandbox: Sandbox) -> AsyncClient:
    """Makes an asynchronous client of the test's sandbox."""
    return iplaygames_sandbox.async_client()


@pytest.fixture(scope="session")
def iplaygames_session_server() -> Iterator[Sandbox]:
    """Starts a sandbox for the whole test session. It is not reset between tests."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _iplaygames_session_reset(request: pytest.FixtureRequest) -> None:
    """Resets the sandbox of the test session for a test that uses it."""
    names = {"iplaygames_session_sandbox", "iplaygames_session_client"}
    if names.intersection(request.fixturenames):
        server: Sandbox = request.getfixturevalue("iplaygames_session_server")
        server.reset()


@pytest.fixture
def iplaygames_session_sandbox(iplaygames_session_server: Sandbox) -> Sandbox:
    """Returns the sandbox of the test session, reset for this test."""
    return iplaygames_session_server


@pytest.fixture(scope="session")
def iplaygames_session_client(iplaygames_session_server: Sandbox) -> Client:
    """Makes a client of the test session's sandbox, for the whole test session."""
    return iplaygames_session_server.client()
