"""The command line of the engines, one function a command."""

import argparse
import json
import sys

from . import dockerd, provision
from .layout import Layout
from .phase import Failed, phase


def main(arguments: list[str]) -> int:
    """Run one command; 1 with a message on standard error if it failed."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.engines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make and start what is missing")
    up.add_argument("what", nargs="?", default="all", choices=["all", "29", "20.10", "registry", "podman"])
    commands.add_parser("down", help="end everything that was started here")
    env = commands.add_parser("env", help="print what answers, as shell exports")
    env.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    layout = Layout.from_environment()
    try:
        if chosen.command == "up":
            _up(layout, chosen.what)
        elif chosen.command == "down":
            provision.down(layout)
        else:
            _env(layout, as_json=chosen.json)
    except Failed as error:
        print(f"engines: {error}", file=sys.stderr)
        return 1
    return 0


def _up(layout: Layout, what: str) -> None:
    with phase(f"up {what}"):
        provision.anonymous_registry(layout)
        if what in ("all", dockerd.NEW):
            engine = provision.engine(layout)
            provision.auth_registry(layout, engine.host)
            provision.built_runtime(layout, engine.host)
        if what in ("all", dockerd.OLD):
            provision.old_engine(layout)
        if what in ("all", "podman"):
            for rootless in (False, True):
                provision.podman_engine(layout, rootless=rootless)


def _env(layout: Layout, *, as_json: bool) -> None:
    found = provision.describe(layout)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name, key in (("DOCKER_HOST", "engine"), ("MOORAGE_OLD_DOCKER_HOST", "old_engine")):
        entry = found[key]
        if isinstance(entry, dict):
            print(f"export {name}={entry['host']}")
    print(f"export MOORAGE_TEST_REGISTRY={found['registry']}")
