"""The command-line tool: `python -m iplaygames_native --help`."""

from __future__ import annotations

import signal
import sys

from . import _core


def main() -> None:
    """Runs the tool with this process's words, and exits."""
    # The tool is not Python: Ctrl-C ends it as it ends any program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_core.run_cli(sys.argv[1:]))


if __name__ == "__main__":
    main()
