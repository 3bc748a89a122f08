"""Fixtures for pytest: a sandbox, and clients that are connected to it, new for each test.

    def test_the_game_opens(iplaygames_sandbox, iplaygames_client):
        iplaygames_sandbox.fault("start_a_game_session", status=500)

`@pytest.mark.iplaygames_sandbox(end_twice="ok")` configures a test's sandbox.
"""

from __future__ import annotations

import pytest

from ._sandbox import Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._aio import AsyncClient
    from ._client import Client


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "iplaygames_sandbox(**config): configures the iplaygames_sandbox of a test",
    )


@pytest.fixture
def iplaygames_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Starts a sandbox for one test."""
    marker = request.node.get_closest_marker("iplaygames_sandbox")
    with Sandbox(**(marker.kwargs if marker else {})) as sandbox:
        yield sandbox


@pytest.fixture
def iplaygames_client(iplaygames_sandbox: Sandbox) -> Client:
    """Makes a client of the test's sandbox."""
    return iplaygames_sandbox.client()


@pytest.fixture
def iplaygames_async_client(iplaygames_sandbox: Sandbox) -> AsyncClient:
    """Makes an asynchronous client of the test's sandbox."""
    return iplaygames_sandbox.async_client()
