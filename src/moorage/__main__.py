"""`python -m moorage` and the `moorage` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Start the command line. The version is answered before anything else is loaded."""
    if sys.argv[1:] == ["--version"]:
        from moorage import __version__

        print(f"moorage {__version__}")
        return
    from moorage.cli.main import cli

    cli(prog_name="moorage")


if __name__ == "__main__":
    main()
