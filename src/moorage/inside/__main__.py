"""`moorage-inside`: what containers and init containers start. It needs no shell and no file of the image."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from moorage import __version__

USAGE = """\
usage: moorage-inside --version
       moorage-inside check            say as JSON what there is here
       moorage-inside install FOLDER   copy the runtime into an empty folder or volume
       moorage-inside envbuilder       clone, build, run hooks and start what variables ENVBUILDER_* say; so
                                       does the image without a word where such variables are set
                                       example: ENVBUILDER_GIT_URL=https://… moorage-inside envbuilder
       moorage-inside build FILE       build a Dockerfile in this container's file system, as the order in
                                       FILE says (JSON, "-" is standard input); the result is JSON
                                       example: echo '{"context": "/src"}' | moorage-inside build -
"""
OK, FAILED, WRONG = 0, 1, 2
_PREFIX = "ENVBUILDER_"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when done, 1 when it failed, 2 when the arguments are wrong."""
    match list(sys.argv[1:] if arguments is None else arguments):
        case ["--version"]:
            print(f"moorage-inside {__version__}")
        case ["-h" | "--help"]:
            print(USAGE, end="")
        case ["check"]:
            return _check()
        case ["install", folder]:
            return _install(folder)
        case ["envbuilder"]:
            return _envbuilder()
        case [] if any(name.startswith(_PREFIX) for name in os.environ):
            return _envbuilder()
        case ["build", file]:
            return _build(file)
        case _:
            print(USAGE, end="", file=sys.stderr)
            return WRONG
    return OK


def _check() -> int:
    from moorage.inside.check import report  # `install` and `--version` take none of its time

    print(report(os.environ))
    return OK


def _install(folder: str) -> int:
    from moorage.inside.install import install

    try:
        print(install(folder))
    except OSError as error:
        print(f"moorage-inside: the runtime cannot be copied into {folder}: {error}", file=sys.stderr)
        return FAILED
    return OK


def _envbuilder() -> int:
    from moorage.inside.envbuilder.start import main

    return main(os.environ)


def _build(file: str) -> int:
    from moorage.inside.executor.verb import run

    return run(file)


if __name__ == "__main__":
    sys.exit(main())
