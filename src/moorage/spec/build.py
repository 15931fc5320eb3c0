"""What a builder is asked to make: `BuildSpec`."""

from __future__ import annotations

import msgspec


class BuildSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A build secret by id. Exactly one of `file` (a path) or `variable` (of our own environment) is set."""

    id: str
    file: str = ""
    variable: str = ""


class BuildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One image to build from a Dockerfile and a context folder of this machine.

    `tag` is the reference to give the result (its last part is the image key), `dockerfile` the text, in
    which paths are relative to `context`. `labels` go on the image. `options` are devcontainer.json's
    `build.options`, verbatim. Values of `args` travel by environment, never as arguments of a process.
    """

    tag: str
    dockerfile: str
    dockerfile_name: str
    context: str
    target: str = ""
    args: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    platform: str = ""
    no_cache: bool = False
    pull: bool = False
    push: bool = False
    output: str = ""
    """Where else the result goes than onto the engine, as buildx's --output has it."""
