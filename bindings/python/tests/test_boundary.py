"""The boundary of the native module: a panic raises an exception and prints nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iplaygames_native import InternalError, IPlayGamesError, _core

RunOk = Callable[..., str]


@pytest.mark.parametrize("detached", [False, True], ids=["with_the_gil", "without_the_gil"])
def test_a_panic_in_native_code_raises_internal_error_with_an_unknown_outcome(
    detached: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InternalError) as caught:
        getattr(_core, "_panic_for_tests")("out of range", detached)
    error = caught.value
    assert isinstance(error, IPlayGamesError) and isinstance(error, Exception)
    assert (error.code, error.name, error.outcome) == (900, "IPG_ERR_INTERNAL", "unknown")
    assert "out of range" in error.message and "boundary.rs:" in error.message
    assert "/" not in error.message
    assert capfd.readouterr() == ("", "")


def test_a_panic_in_a_destructor_goes_to_the_unraisable_hook(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: seen.append(unraisable.exc_value))
    made = getattr(_core, "_panic_in_drop_for_tests")()
    del made
    assert [type(error) for error in seen] == [InternalError]
    assert capfd.readouterr() == ("", "")


def test_the_module_works_after_a_panic_on_the_same_thread_and_at_exit(run_ok: RunOk) -> None:
    script = """
        import iplaygames_native as ipg
        with ipg.sandbox() as box, box.client() as client:
            for detached in (False, True):
                try:
                    ipg._core._panic_for_tests("once", detached)
                except ipg.IPlayGamesError as error:
                    print(error.outcome)
            print(client.call("list_games").status_code)
    """
    assert run_ok(script).split() == ["unknown", "unknown", "200"]


def test_a_wait_with_a_huge_timeout_does_not_panic() -> None:
    mailbox = _core.Mailbox()
    mailbox.put(1)
    assert mailbox.wait(1.8e19)
