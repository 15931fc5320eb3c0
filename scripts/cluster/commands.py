"""The command line of the cluster."""

import argparse
import json
import sys
from dataclasses import asdict

from scripts.engines.layout import Layout
from scripts.engines.phase import Failed, phase

from . import provision

NODE_ACTIONS = {
    "remove": provision.remove_node,
    "stop": provision.stop_node,
    "start": provision.start_node,
}


def main(arguments: list[str]) -> int:
    """Run one command; 1 with a message on standard error if it failed."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="build and start what is missing")
    commands.add_parser("down", help="end the cluster and remove what it had")
    env = commands.add_parser("env", help="print how to reach it, as shell exports")
    env.add_argument("--json", action="store_true")
    node = commands.add_parser("node", help="one node more, or less; a power cut, and its end")
    node.add_argument("action", choices=["add", *NODE_ACTIONS])
    node.add_argument("name", nargs="?", default="node-2", help="which one (node-2); add chooses itself")
    chosen = parser.parse_args(arguments)
    layout = Layout.from_environment()
    try:
        return _run(chosen, layout)
    except Failed as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1


def _run(chosen: argparse.Namespace, layout: Layout) -> int:
    if chosen.command == "up":
        with phase("cluster up"):
            provision.cluster(layout)
    elif chosen.command == "down":
        provision.down(layout)
    elif chosen.command == "env":
        return _env(layout, as_json=chosen.json)
    elif chosen.action == "add":
        print(provision.add_node(layout))
    else:
        NODE_ACTIONS[chosen.action](layout, chosen.name)
    return 0


def _env(layout: Layout, *, as_json: bool) -> int:
    found = provision.describe(layout)
    if found is None:
        print("cluster: none runs; python3 -m scripts.cluster up starts one", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps(asdict(found), indent=2))
        return 0
    print(f"export KUBECONFIG={found.kubeconfig}")
    if found.registry:
        print(f"export {provision.GIVEN_REGISTRY}={found.registry}")
    print(f"# kubectl: {found.kubectl}")
    return 0
