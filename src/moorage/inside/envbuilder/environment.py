"""What processes of the workspace see: the container's environment, and that of hooks and tools. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moorage.inside.environment import ROOT

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def container(
    given: Mapping[str, str],
    system: str,
    image: Sequence[str],
    configured: Mapping[str, str],
    configuration: str,
) -> dict[str, str]:
    """What every process has: what was `given` to us, the text of /etc/environment (`system`), the image's
    variables, and containerEnv. `configuration` is the devcontainer.json.

    PATH was the builder's own and is not taken over; nor is HOME, which is each user's.
    """
    merged = {name: value for name, value in given.items() if name not in ("PATH", "HOME")}
    merged |= {"PATH": PATH, **_system(system), **_assignments(image), **configured}
    merged |= {"ENVBUILDER": "true", "DEVCONTAINER": "true"}
    if configuration:
        merged["DEVCONTAINER_CONFIG"] = configuration
    return merged | {"PATH": _outside(merged["PATH"])}


def remote(container: Mapping[str, str], configured: Mapping[str, str | None]) -> dict[str, str]:
    """What hooks, the init command and all that it starts see: remoteEnv over it, where null unsets."""
    merged = {**container, **configured}
    return {name: value for name, value in merged.items() if value is not None}


def exported(variables: Mapping[str, str]) -> str:
    """A line each, as the peer writes them; one with a line break, which no line can hold, is left out."""
    lines = [f"{name}={value}" for name, value in sorted(variables.items()) if "\n" not in f"{name}{value}"]
    return "".join(f"{line}\n" for line in lines)


def _system(text: str) -> dict[str, str]:
    """pam_env(8): NAME=value, perhaps in quotes, perhaps after `export`; `#` begins a comment line."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or not name.strip() or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name.strip()] = value
    return found


def _assignments(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, equals, value in pairs if name and equals}


def _outside(path: str) -> str:
    """Without the runtime's programs, which are no part of the workspace."""
    return ":".join(entry for entry in path.split(":") if not entry.startswith(f"{ROOT}/")) or PATH
