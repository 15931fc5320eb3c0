"""`python -m moorage` and the `moorage` command."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn


def main() -> None:
    """Start the command line. The version is answered before anything else is loaded."""
    if sys.argv[1:] == ["--version"]:
        from moorage import __version__

        print(f"moorage {__version__}")
        return
    gc.set_threshold(100_000)  # what is imported stays: looking for garbage in it costs a sixth of a start
    from moorage.starting import load_libraries

    load_libraries()
    from moorage.cli.main import cli

    try:
        cli(prog_name="moorage")
    except SystemExit as ended:
        _leave(ended.code)


def _leave(code: str | int | None) -> NoReturn:
    """End at once, all is tidied up: taking the interpreter apart costs a quarter of an unchanged `up`."""
    number = code if isinstance(code, int) else 0 if code is None else 1
    try:
        if isinstance(code, str):
            print(code, file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read it has gone
        number = number or 1
    os._exit(number)


if __name__ == "__main__":
    main()
