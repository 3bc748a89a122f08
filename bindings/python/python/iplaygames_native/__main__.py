"""The command-line tool: `python -m iplaygames_native --help`."""

from __future__ import annotations

import signal
import sys

from . import _core


def main() -> None:
    """Runs the tool with the arguments of this process, and exits."""
    # The tool runs no Python code, so Python cannot handle Ctrl-C. The default action ends the
    # process at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_core.run_cli(sys.argv[1:]))


if __name__ == "__main__":
    main()
