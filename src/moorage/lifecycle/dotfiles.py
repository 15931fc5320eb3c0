"""A person's dotfiles as one more command of the runner: after the create hooks, once, and never in silence.

The program is constant (dotfiles.sh); repository, target and install command are its arguments.
"""

from __future__ import annotations

import re
from importlib.resources import files

from ..spec.journal import DOTFILES
from .dialogue import Task

DEFAULT_TARGET = "~/dotfiles"
_SHORTHAND = re.compile(r"[\w.-]+/[\w.-]+")


def dotfiles_task(repository: str, *, target: str = DEFAULT_TARGET, install_command: str = "") -> Task:
    """The command that installs this repository; its failure is a warning and the next `up` tries again."""
    program = files(__package__).joinpath("dotfiles.sh").read_text()
    argv = ("/bin/sh", "-c", program, "dotfiles", address(repository), target, install_command)
    return Task(stage=DOTFILES, key=DOTFILES, mode="optional", argv=argv)


def address(repository: str) -> str:
    """`owner/repository` is GitHub's; all else is given to git as it is, a leading dash excepted."""
    if _SHORTHAND.fullmatch(repository) and not repository.startswith("."):
        return f"https://github.com/{repository}"
    return f"./{repository}" if repository.startswith("-") else repository
