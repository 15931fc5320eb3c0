"""Root file systems as tar files, made once on this machine from Debian's packages."""

import io
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

from . import binaries, debs
from .layout import Layout
from .phase import phase, run

# As in the public slim images: no manuals, no documents, no translations.
EXCLUDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
FULL = ("ca-certificates", "git", "openssh-client", "procps", "python3")
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"


def slim(layout: Layout) -> Path:
    """Debian 12's minimal system: the stand-in for ``debian:bookworm-slim``."""
    return cached(layout, "debian-slim", lambda target: _debian(target, ()))


def full(layout: Layout) -> Path:
    """Debian 12 with git, ssh, ps and Python: what development images have."""
    return cached(layout, "debian-full", lambda target: _debian(target, FULL))


def busybox(layout: Layout) -> Path:
    """A shell and its applets in one static file."""
    return cached(layout, "busybox", lambda target: _busybox(layout, target))


def static(layout: Layout) -> Path:
    """Nothing but a program that sleeps: no shell, no users, no files."""
    return cached(layout, "static", lambda target: archive(target, {"sleep": busybox_program(layout)}))


def frontend(layout: Layout) -> Path:
    """BuildKit's Dockerfile frontend: the stand-in for ``docker/dockerfile:1``."""
    key = binaries.built(layout)
    return cached(layout, f"frontend-{key.name}", lambda target: _frontend(key, target))


def cached(layout: Layout, name: str, make: Callable[[Path], None]) -> Path:
    """The product ``name``.tar, made the first time it is wanted."""
    target = layout.products / f"{name}.tar"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{name}.{os.getpid()}.tar")
        with phase(f"made {target.name}"):
            make(draft)
        draft.rename(target)
    return target


def _debian(target: Path, packages: Sequence[str]) -> None:
    debs.install({"mmdebstrap": "mmdebstrap"})
    excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED]
    include = [f"--include={','.join(packages)}"] if packages else []
    run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            *excludes,
            *include,
            "bookworm",
            str(target),
            debs.MIRROR,
        ]
    )


def busybox_program(layout: Layout) -> Path:
    return debs.unpacked(layout, "busybox", "bookworm", ["busybox-static"]) / "bin/busybox"


def _busybox(layout: Layout, target: Path) -> None:
    program = busybox_program(layout)
    applets = run([str(program), "--list"]).split()
    links = {f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"}
    texts = {"etc/passwd": PASSWD, "etc/group": GROUP}
    archive(target, {"bin/busybox": program}, links=links, texts=texts, folders=("root", "tmp", "usr/bin"))


def _frontend(programs: Path, target: Path) -> None:
    archive(target, {"bin/dockerfile-frontend": programs / "dockerfile-frontend"})


def archive(
    target: Path,
    programs: dict[str, Path],
    *,
    links: dict[str, str] | None = None,
    texts: dict[str, str] | None = None,
    folders: Sequence[str] = (),
) -> None:
    """A tar of ``programs`` (name inside → file), symbolic ``links``, ``texts`` and empty ``folders``."""
    with tarfile.open(target, "w") as archive:
        for folder in folders:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(entry)
        for name, source in programs.items():
            _add(archive, name, source.read_bytes(), 0o755)
        for name, text in (texts or {}).items():
            _add(archive, name, text.encode(), 0o644)
        for name, destination in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, destination
            archive.addfile(entry)


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
