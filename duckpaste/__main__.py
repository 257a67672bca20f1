"""`python -m duckpaste`, and the command `duckpaste`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command. Its modules take a moment to load, and Ctrl-C is heard in that moment too."""
    try:
        from duckpaste.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
