"""Downloads to a path or to a file object."""

from __future__ import annotations

import asyncio
import hashlib
import io
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import IO, Any

import pytest
from conftest import TEST_TIMEOUT

from iplaygames_native import (
    APITimeoutError,
    ArgumentTypeError,
    AsyncClient,
    Client,
    FileError,
    IPlayGamesError,
    NotFoundError,
    RawResponse,
    Sandbox,
    SavedFile,
    ValidationError,
)

OPERATION = "get_api_v1_transaction_exports_export_id_download"
LARGE = 20_000_000

# Downloads with both clients: the arguments are those of `download_export_to` after the id.
Download = Callable[..., SavedFile]


@pytest.fixture(params=["blocking", "asynchronous"])
def download(request: pytest.FixtureRequest, iplaygames_sandbox: Sandbox) -> Download:
    def blocking(*args: Any, **options: Any) -> SavedFile:
        with iplaygames_sandbox.client() as client:
            return client.transactions.download_export_to(1, *args, **options)

    def asynchronous(*args: Any, **options: Any) -> SavedFile:
        async def main() -> SavedFile:
            async with iplaygames_sandbox.async_client() as client:
                return await client.transactions.download_export_to(1, *args, **options)

        return asyncio.run(main())

    return blocking if request.param == "blocking" else asynchronous


def expect_large(sandbox: Sandbox, **more: Any) -> bytes:
    """Makes the next export a large one. Returns its content."""
    sandbox.fault(OPERATION, oversize_bytes=LARGE, content_type="text/csv", **more)
    start, end = b'{"success":true,"padding":"', b'"}'
    return start + b"x" * (LARGE - len(start) - len(end)) + end


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The path of an old file, which a failed download must not change."""
    path = tmp_path / "export.csv"
    path.write_text("old")
    return path


def assert_unchanged(target: Path) -> None:
    assert [path.name for path in target.parent.iterdir()] == ["export.csv"]
    assert target.read_text() == "old"


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for the temporary files of the test, which must be empty in the end."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_large_export_is_saved_to_a_path(
    iplaygames_sandbox: Sandbox,
    download: Download,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = expect_large(iplaygames_sandbox)
    saved = download(target)
    assert digest(target.read_bytes()) == digest(content)
    assert (saved.size, saved.filename, saved.content_type) == (
        LARGE,
        "transactions.csv",
        "text/csv",
    )
    assert saved.headers["content-type"] == "text/csv" and saved.status_code == 200
    assert repr(saved) == (
        "SavedFile(filename='transactions.csv', content_type='text/csv', size=20000000)"
    )
    assert [path.name for path in target.parent.iterdir()] == ["export.csv"]
    # A path may also be a string, absolute or relative.
    monkeypatch.chdir(target.parent)
    for text in (str(target), target.name):
        assert download(text).size == len(target.read_bytes()) < 1000


def test_a_large_export_is_saved_to_a_file_object(
    iplaygames_sandbox: Sandbox, download: Download, tmp_path: Path, temporary: Path
) -> None:
    content = expect_large(iplaygames_sandbox)
    with open(tmp_path / "export.csv", "wb", buffering=0) as opened:
        opened.write(b"head ")
        assert download(opened).size == LARGE
        opened.write(b" tail")
    expected = digest(b"head " + content + b" tail")
    assert digest((tmp_path / "export.csv").read_bytes()) == expected
    content = expect_large(iplaygames_sandbox)
    memory = io.BytesIO()
    download(memory)
    assert digest(memory.getvalue()) == digest(content)
    assert list(temporary.iterdir()) == []


def test_a_file_object_that_takes_parts_only_gets_everything(
    iplaygames_sandbox: Sandbox, download: Download
) -> None:
    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.content = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, part: Any) -> int:
            taken = bytes(part[:100_000])
            self.content += taken
            return len(taken)

    content, slow = expect_large(iplaygames_sandbox), Slow()
    download(slow)
    assert digest(bytes(slow.content)) == digest(content)


def test_the_progress_begins_anew_with_an_attempt_and_ends_at_the_size(
    iplaygames_sandbox: Sandbox, download: Download, target: Path
) -> None:
    for file in (target, io.BytesIO()):
        # The first attempt breaks half-way, and the second begins anew.
        expect_large(iplaygames_sandbox, truncate=True)
        expect_large(iplaygames_sandbox)
        steps: list[tuple[int, int | None]] = []
        thread = threading.get_ident()

        def progress(
            done: int,
            total: int | None,
            steps: list[tuple[int, int | None]] = steps,
            thread: int = thread,
        ) -> None:
            assert threading.get_ident() == thread
            steps.append((done, total))

        assert download(file, progress=progress).attempts == 2
        assert steps[-1] == (LARGE, LARGE)
        falls = sum(after < before for (before, _), (after, _) in pairwise(steps))
        assert falls <= 1


def test_the_last_progress_is_the_size_of_a_file_shorter_than_that_of_the_attempt_before(
    iplaygames_sandbox: Sandbox, download: Download, target: Path
) -> None:
    expect_large(iplaygames_sandbox, truncate=True)
    iplaygames_sandbox.fault(OPERATION, body="a,b,c,d\n")
    steps: list[tuple[int, int | None]] = []
    assert download(target, progress=lambda *step: steps.append(step)).size == 8
    assert steps[-1] == (8, 8) and target.read_bytes() == b"a,b,c,d\n"


def test_a_path_that_has_a_write_method_is_a_path(download: Download, tmp_path: Path) -> None:
    class LocalPath:
        def __fspath__(self) -> str:
            return str(tmp_path / "local.csv")

        def write(self, content: object) -> None:
            raise AssertionError("the path was used as a file")

    assert download(LocalPath()).size == (tmp_path / "local.csv").stat().st_size > 0


@pytest.mark.parametrize("returned", [0, -1, 10**9, 1.5, "coroutine", "would block"])
def test_a_file_that_does_not_take_the_content_is_an_error(
    download: Download, returned: Any
) -> None:
    class Raw(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, content: object) -> Any:
            async def later() -> int:
                return len(bytes(content))  # type: ignore[call-overload]

            if returned == "would block":
                return None
            return later() if returned == "coroutine" else returned

    with pytest.raises(FileError, match="`file") as caught:
        download(Raw())
    assert caught.value.outcome == "unknown" and caught.value.call_id


def test_a_file_that_cannot_take_bytes_is_refused_before_the_call(
    iplaygames_sandbox: Sandbox, download: Download, tmp_path: Path
) -> None:
    closed = io.BytesIO()
    closed.close()
    with (
        tempfile.NamedTemporaryFile("w", dir=tmp_path) as text,
        tempfile.SpooledTemporaryFile(mode="w") as spooled,
    ):
        spooled.rollover()
        for wrong in (closed, text, io.BytesIO, io.StringIO()):
            with pytest.raises(ValidationError, match="`file` is"):
                download(wrong)
    assert iplaygames_sandbox.requests() == []


@pytest.mark.skipif(sys.platform == "win32", reason="fork")
def test_a_forked_child_that_ends_leaves_the_temporary_file_to_its_parent(
    iplaygames_sandbox: Sandbox, run_ok: Callable[..., str]
) -> None:
    iplaygames_sandbox.fault(OPERATION, body="0123456789", drip_ms=50)
    script = """
    import io, os, sys, threading, time
    from iplaygames_native import Client
    client = Client(base_url=sys.argv[1], api_key=sys.argv[2])
    file, began = io.BytesIO(), threading.Event()
    thread = threading.Thread(target=lambda: client.transactions.download_export_to(
        1, file, progress=lambda done, total: began.set()))
    thread.start()
    assert began.wait(60)
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    thread.join()
    print(file.getvalue().decode())
    """
    args = (iplaygames_sandbox.base_url, iplaygames_sandbox.api_key)
    assert run_ok("import warnings; warnings.simplefilter('ignore')\n" + dedent(script), *args) == (
        "0123456789"
    )


def test_the_progress_is_reported_while_the_file_arrives(
    iplaygames_sandbox: Sandbox, download: Download, target: Path
) -> None:
    iplaygames_sandbox.fault(OPERATION, body="0123456789", drip_ms=60)
    steps: list[tuple[int, int | None]] = []
    download(target, progress=lambda *step: steps.append(step))
    assert len(steps) > 2 and steps[-1] == (10, 10)


@pytest.mark.parametrize("when", ["half-way", "at the end"])
def test_an_exception_of_progress_cancels_the_download(
    iplaygames_sandbox: Sandbox, download: Download, target: Path, temporary: Path, when: str
) -> None:
    class Stop(Exception):
        pass

    def progress(done: int, total: int | None) -> None:
        if done == total or (when == "half-way" and done > 0):
            raise Stop(done)

    files: list[Any] = [target, io.BytesIO()]
    for file in files:
        slow = {"drip_ms": 100} if when == "half-way" else {}
        iplaygames_sandbox.fault(OPERATION, body="x" * 100, **slow)
        with pytest.raises(Stop) as caught:
            download(file, progress=progress)
        assert (caught.value.args[0] < 100) == (when == "half-way")
        assert getattr(caught.value, "outcome", None) == "unknown"
    assert_unchanged(target)
    assert files[1].getvalue() == b""
    assert list(temporary.iterdir()) == []


def test_a_failed_download_leaves_nothing(
    iplaygames_sandbox: Sandbox, download: Download, target: Path, temporary: Path
) -> None:
    memory = io.BytesIO()
    files: list[Path | IO[bytes]] = [target, memory]
    for file in files:
        iplaygames_sandbox.fault(OPERATION, status=404, message="No such export", envelope=True)
        with pytest.raises(NotFoundError, match="No such export"):
            download(file)
        iplaygames_sandbox.fault(OPERATION, oversize_bytes=1000, drip_ms=100)
        with pytest.raises(APITimeoutError):
            download(file, timeout=0.3, max_retries=0)
    assert_unchanged(target)
    assert memory.getvalue() == b""
    assert list(temporary.iterdir()) == []


def test_a_file_that_cannot_be_written_is_a_file_error(
    iplaygames_sandbox: Sandbox, download: Download, tmp_path: Path
) -> None:
    path = tmp_path / "missing" / "export.csv"
    with pytest.raises(FileError, match=r"missing.*cannot be written") as caught:
        download(path)
    assert caught.value.outcome == "not_sent" and isinstance(caught.value, OSError)
    with pytest.raises(ValidationError, match="directory"):
        download(tmp_path)
    assert iplaygames_sandbox.called(OPERATION) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of file sizes")
def test_a_full_disk_ends_the_download(
    iplaygames_sandbox: Sandbox, run_ok: Callable[..., str], target: Path
) -> None:
    expect_large(iplaygames_sandbox)
    script = """
        import resource, sys
        from iplaygames_native import Client, FileError
        url, key, path = sys.argv[1:]
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        with Client(base_url=url, api_key=key) as client:
            try:
                client.transactions.download_export_to(1, path)
            except FileError as error:
                print(error.attempts, error.outcome, error)
    """
    printed = run_ok(script, iplaygames_sandbox.base_url, iplaygames_sandbox.api_key, str(target))
    assert printed.startswith("1 unknown The file ") and "export.csv" in printed
    assert_unchanged(target)


def test_a_wrong_file_or_progress_is_refused_before_the_request_is_sent(
    iplaygames_sandbox: Sandbox, download: Download, tmp_path: Path
) -> None:
    class AsyncFile:
        async def write(self, part: bytes) -> int:
            return len(part)

    async def progress(done: int, total: int | None) -> None:
        pass

    readable = tmp_path / "readable"
    readable.touch()
    with readable.open("rb") as opened:
        for file, message in (
            (5, "`file` must be a path"),
            (None, "`file` must be a path"),
            (io.StringIO(), "open for text"),
            (AsyncFile(), "asynchronous file"),
            (opened, "not open for writing"),
        ):
            with pytest.raises(ValidationError, match=message):
                download(file)
    for wrong, message in ((progress, "not awaited"), (5, "must be a plain function")):
        with pytest.raises(ArgumentTypeError, match=message):
            download(tmp_path / "export.csv", progress=wrong)
    assert iplaygames_sandbox.called(OPERATION) == 0


def test_an_exception_of_the_file_object_is_raised(
    iplaygames_sandbox: Sandbox, download: Download, temporary: Path
) -> None:
    class Full(io.BytesIO):
        def write(self, part: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        download(Full())
    assert list(temporary.iterdir()) == []


def test_a_canceled_task_leaves_nothing_and_other_calls_go_on(
    iplaygames_sandbox: Sandbox, target: Path
) -> None:
    iplaygames_sandbox.fault(OPERATION, body="x" * 1000, drip_ms=100)

    async def main() -> None:
        async with iplaygames_sandbox.async_client() as client:
            begun = asyncio.Event()

            def progress(done: int, total: int | None) -> None:
                if done > 0:
                    begun.set()

            saving: Awaitable[SavedFile] = client.transactions.download_export_to(
                1, target, progress=progress
            )
            task = asyncio.ensure_future(saving)
            await asyncio.wait_for(begun.wait(), TEST_TIMEOUT)
            assert len(list(target.parent.iterdir())) == 2
            await asyncio.gather(*(client.call("list_games") for _ in range(20)))
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert_unchanged(target)

    asyncio.run(main())


def test_ctrl_c_ends_a_download_and_leaves_nothing(
    iplaygames_sandbox: Sandbox, run_ok: Callable[..., str], target: Path
) -> None:
    iplaygames_sandbox.fault(OPERATION, body="x" * 1000, drip_ms=100)
    script = """
        import signal, sys, threading
        from iplaygames_native import Client
        url, key, path = sys.argv[1:]
        begun = threading.Event()
        def interrupt():
            begun.wait()
            signal.raise_signal(signal.SIGINT)
        threading.Thread(target=interrupt).start()
        def progress(done, total):
            if done:
                begun.set()
        with Client(base_url=url, api_key=key) as client:
            try:
                client.transactions.download_export_to(1, path, progress=progress)
            except KeyboardInterrupt:
                print("interrupted")
    """
    args = (iplaygames_sandbox.base_url, iplaygames_sandbox.api_key, str(target))
    assert run_ok(script, *args) == "interrupted"
    assert_unchanged(target)


def test_hooks_and_raw_responses_see_a_download(
    iplaygames_sandbox: Sandbox, tmp_path: Path
) -> None:
    seen: list[Any] = []
    hooks: dict[str, Any] = {
        "on_request": lambda request: seen.append(request.operation),
        "on_response": lambda request, reply: seen.append(reply),
        "on_error": lambda request, error: seen.append(error),
    }
    with iplaygames_sandbox.client(**hooks) as client:
        saved = client.transactions.download_export_to(1, tmp_path / "a", call_id="export-1")
        raw = client.transactions.with_raw_response.download_export_to(1, tmp_path / "b")
        with pytest.raises(FileError):
            client.transactions.download_export_to(1, tmp_path / "c" / "d")
    assert saved.call_id == "export-1"
    assert isinstance(raw, RawResponse) and raw.headers["content-type"] == "text/csv"
    assert raw.parse().size == saved.size
    assert seen[:2] == [OPERATION, saved] and seen[2:5:2] == [OPERATION, OPERATION]
    assert isinstance(seen[5], FileError)


def test_a_transport_of_the_program_delivers_a_download(tmp_path: Path) -> None:
    def transport(method: str, url: str, headers: Any, body: bytes) -> Any:
        return 200, {"content-type": "text/csv"}, b"id\r\n"

    with Client(base_url="http://127.0.0.1:9", transport=transport) as client:
        saved = client.transactions.download_export_to(1, tmp_path / "export.csv")
    assert (saved.size, saved.filename) == (4, None)
    assert (tmp_path / "export.csv").read_bytes() == b"id\r\n"


def test_a_download_after_close_is_refused(tmp_path: Path) -> None:
    client = Client(base_url="http://127.0.0.1:9")
    client.close()
    with pytest.raises(IPlayGamesError):
        client.transactions.download_export_to(1, tmp_path / "export.csv")

    async def main() -> None:
        asynchronous = AsyncClient(base_url="http://127.0.0.1:9")
        asynchronous.close()
        with pytest.raises(IPlayGamesError):
            await asynchronous.transactions.download_export_to(1, tmp_path / "export.csv")

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []
