"""The environment of hooks and of `exec`, from its layers (reference: specification notes, section 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def merge(
    container: Mapping[str, str],
    probed: Mapping[str, str],
    layers: Iterable[Mapping[str, str | None]] = (),
    *,
    root: bool = False,
) -> dict[str, str]:
    """What a command inside sees: the shell's environment, then each layer over the one before; None unsets.

    Layers in their order: remoteEnv of metadata and configuration, the command line, secrets. Without a probe
    (switched off, or the shell failed) the container's own environment stands in its place.
    """
    merged: dict[str, str] = dict(probed or container)
    if probed and "PATH" in container:
        merged["PATH"] = spliced(container["PATH"], probed.get("PATH", ""), root=root)
    for layer in layers:
        for name, value in layer.items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = value
    return merged


def spliced(container: str, shell: str, *, root: bool) -> str:
    """The shell's PATH with what only the container's has, each entry after the one it followed there.

    A login shell's profile replaces PATH and so loses what the image or a Feature put there. Folders of
    administrators (/sbin) are left to root.
    """
    entries = [entry for entry in shell.split(":") if entry]
    place = 0
    for entry in filter(None, container.split(":")):
        if entry in entries:
            place = entries.index(entry) + 1
        elif root or "sbin" not in entry.split("/"):
            entries.insert(place, entry)
            place += 1
    return ":".join(entries)


def dropped(container: Mapping[str, str], merged: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that every process of the container inherits and that are not to be there."""
    return tuple(name for name in container if name not in merged)
