"""The wires: a bridge on the host, a cable to each node, routes to the pods of every node."""

from pathlib import Path

from scripts.engines.phase import run, succeeds

from .place import Node, Place


def bridge(place: Place) -> None:
    """The host's end, with the address on which everything of the control plane listens."""
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    if succeeds(["ip", "link", "show", place.bridge]):
        return
    run(["ip", "link", "add", place.bridge, "type", "bridge"])
    run(["ip", "address", "add", f"{place.address}/24", "dev", place.bridge])
    run(["ip", "link", "set", place.bridge, "up"])
    for node in place.nodes():
        run(["ip", "route", "replace", node.pods, "via", node.address, "dev", place.bridge])


def connect(node: Node, pid: int) -> None:
    """A cable from the bridge into the network namespace of process ``pid``."""
    place = node.place
    peer = ["peer", "name", "eth0", "netns", str(pid)]
    run(["ip", "link", "add", node.link, "type", "veth", *peer])
    run(["ip", "link", "set", node.link, "master", place.bridge, "up"])
    others = [other for other in place.nodes() if other != node]
    lines = [
        "link set lo up",
        f"address add {node.address}/24 dev eth0",
        "link set eth0 up",
        f"route add default via {place.address}",
        *(f"route add {other.pods} via {other.address}" for other in others),
    ]
    batch = node.folder / "network"
    batch.write_text("\n".join(lines) + "\n")
    run(["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-batch", str(batch)])


def disconnect(node: Node) -> None:
    """Its cable, which also goes with its namespace, but not at once."""
    succeeds(["ip", "link", "delete", node.link])


def remove(place: Place) -> None:
    """The bridge with its routes."""
    succeeds(["ip", "link", "delete", place.bridge])
