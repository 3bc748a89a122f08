"""The fixtures and the marker of the pytest plugin, and the expectations of the sandbox."""

from __future__ import annotations

import pytest
from conftest import START

from iplaygames_native import Client, Sandbox

pytest_plugins = ["pytester"]

MODULE = """
import pytest

START = dict(
    game_id=1, player_id="p", currency="USD", country_code="US", ip_address="192.0.2.1"
)
"""


def run(pytester: pytest.Pytester, code: str, **outcomes: int) -> pytest.RunResult:
    """Runs tests in a process of their own."""
    pytester.makepyfile(MODULE + code)
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-W", "error", "--strict-markers"
    )
    result.assert_outcomes(**outcomes)
    return result


def test_markers_of_a_class_and_its_tests_are_merged(pytester: pytest.Pytester) -> None:
    run(pytester, '''
@pytest.mark.iplaygames_sandbox(end_twice="ok", session_lifetime_s=60)
class TestNested:
    @pytest.mark.iplaygames_sandbox(session_lifetime_s=10)
    def test_both(self, iplaygames_sandbox, iplaygames_client):
        session = iplaygames_client.sessions.start(**START).session_id
        iplaygames_client.sessions.end(session)
        iplaygames_client.sessions.end(session)
        other = iplaygames_client.sessions.start(**START).session_id
        iplaygames_sandbox.advance_clock(11)
        assert iplaygames_client.sessions.status(other).status == "expired"

    def test_outer(self, iplaygames_sandbox, iplaygames_client):
        session = iplaygames_client.sessions.start(**START).session_id
        iplaygames_sandbox.advance_clock(11)
        assert iplaygames_client.sessions.status(session).status == "active"

    @pytest.mark.iplaygames_sandbox({"session_lifetime_s": 10}, end_twice="not_found")
    def test_positional(self, iplaygames_sandbox, iplaygames_client):
        session = iplaygames_client.sessions.start(**START).session_id
        iplaygames_sandbox.advance_clock(11)
        assert iplaygames_client.sessions.status(session).status == "expired"
''', passed=3)  # fmt: skip


def test_a_positional_argument_that_is_no_dict_is_refused(pytester: pytest.Pytester) -> None:
    result = run(pytester, '''
@pytest.mark.iplaygames_sandbox("ok")
def test_wrong(iplaygames_sandbox):
    pass
''', errors=1)  # fmt: skip
    result.stdout.fnmatch_lines(["*takes a dict and named options, not str*"])


def test_the_fixtures_of_the_session_share_one_sandbox_and_reset_it(
    pytester: pytest.Pytester,
) -> None:
    run(pytester, '''
urls = set()

@pytest.mark.parametrize("number", range(3))
def test_shared(number, iplaygames_session_sandbox, iplaygames_session_client):
    urls.add(iplaygames_session_sandbox.base_url)
    assert iplaygames_session_sandbox.started == 0
    iplaygames_session_client.sessions.start(**START)
    iplaygames_session_sandbox.fault("*", status=500, times=100)
    assert iplaygames_session_sandbox.started == 1

def test_the_client_alone_finds_no_fault_of_the_test_before(iplaygames_session_client):
    assert iplaygames_session_client.sessions.start(**START).attempts == 1

def test_one(iplaygames_sandbox):
    assert len(urls) == 1 and iplaygames_sandbox.base_url not in urls

@pytest.fixture(scope="session")
def warm(iplaygames_session_server, iplaygames_session_client):
    return iplaygames_session_client.prewarm()

def test_a_fixture_of_the_session_may_use_them(warm):
    assert warm >= 0
''', passed=6)  # fmt: skip


def test_expectations_name_what_was_called(
    iplaygames_sandbox: Sandbox, iplaygames_client: Client
) -> None:
    box = iplaygames_sandbox
    assert (box.started, box.active, box.ended, box.called()) == (0, 0, 0, 0)
    box.assert_not_called("start_a_game_session")
    session = iplaygames_client.sessions.start(**START)
    iplaygames_client.sessions.start(**START)
    iplaygames_client.sessions.end(session.session_id)
    assert (box.started, box.active, box.ended) == (2, 1, 1)
    assert box.called() == 3 and box.called("start_a_game_session") == 2
    box.assert_called("start_a_game_session")
    box.assert_called("start_a_game_session", times=2)
    with pytest.raises(AssertionError, match="expected 1 times and was called 2 times") as caught:
        box.assert_called("start_a_game_session", times=1)
    assert "end_a_game_session 1, start_a_game_session 2" in str(caught.value)
    with pytest.raises(AssertionError, match="at least once and was called 0 times"):
        box.assert_called("list_games")
    with pytest.raises(AssertionError):
        box.assert_not_called("end_a_game_session")
