"""build.options, which are flags of `docker build`, in the words that buildctl has for the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from moorage.builders.cluster.errors import BuildUnsupportedHere

_PLAIN = {"--quiet", "-q", "--rm", "--force-rm", "--progress"}
"""What says nothing of the image."""
_VALUED = {
    "--add-host": "add-hosts",
    "--network": "force-network-mode",
    "--shm-size": "shm-size",
    "--ulimit": "ulimit",
    "--cgroup-parent": "cgroup-parent",
}


def translated(options: Sequence[str]) -> tuple[str, ...]:
    """Words for buildctl. Raises BuildUnsupportedHere for a flag that has none there."""
    return tuple(_words(iter(options)))


def _words(options: Iterator[str]) -> Iterator[str]:
    several: dict[str, list[str]] = {}
    for word in options:
        flag, equals, value = word.partition("=")
        if flag in _PLAIN:
            if flag == "--progress" and not equals:
                next(options, "")
            continue
        value = value if equals or flag == "--no-cache" else next(options, "")
        if flag == "--no-cache":
            yield flag
        elif flag == "--label":
            yield from ("--opt", f"label:{value}")
        elif flag in _VALUED:
            several.setdefault(_VALUED[flag], []).append(_form(flag, value))
        else:
            raise BuildUnsupportedHere(
                f"build.options: {flag} is not known to builders in a cluster.",
                hint="Leave it out, or build with the option builder=engine.",
            )
    for name, values in several.items():
        yield from ("--opt", f"{name}={','.join(values)}")
        if name == "force-network-mode" and "host" in values:
            yield from ("--allow", "network.host")


def _form(flag: str, value: str) -> str:
    """Hosts are host:address for docker and host=address here."""
    if flag == "--add-host" and "=" not in value:
        host, _, address = value.partition(":")
        return f"{host}={address}"
    return value
