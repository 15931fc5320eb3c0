"""`moorage runtime`: the tree that is put into any image, for those who build their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moorage.cli.authoring import Own, printed
from moorage.events import Redacting

if TYPE_CHECKING:
    from moorage.runtime.build import Built
    from moorage.runtime.publish import Published
    from moorage.runtime.recipe import Architecture

_STYLE = Own()
_BOTH = ("amd64", "arm64")

runtime_command = click.Group(
    "runtime",
    help="Builds and publishes the tree that carries moorage into any image.",
    epilog="Example: moorage runtime build --architecture amd64 --output runtime",
)


def _sources(command: Any) -> Any:
    """Where packages and wheels come from."""
    for option in (
        click.option(
            "--wheel-mirror",
            metavar="URL",
            default="",
            help="Instead of https://files.pythonhosted.org: what has packages/….",
        ),
        click.option(
            "--debian-mirror",
            metavar="URL",
            default="",
            help="Instead of http://deb.debian.org: what has debian and debian-security.",
        ),
        click.option(
            "--architecture",
            type=click.Choice(_BOTH),
            multiple=True,
            help="Only this one (repeatable; both where none is given).",
        ),
    ):
        command = option(command)
    return command


@runtime_command.command(
    "build", epilog="Example: moorage runtime build --architecture amd64 --output runtime"
)
@_sources
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runtime"),
    show_default=True,
    help="The folder for the archives and images.",
)
@_STYLE.options
def build_runtime(
    architecture: tuple[Architecture, ...],
    debian_mirror: str,
    wheel_mirror: str,
    output: Path,
    **values: Any,
) -> None:
    """Build the runtime from Debian packages and wheels, whose versions and checksums moorage knows.

    For each architecture come the tree without git (.tar.gz), git (-git.tar.gz), and an image for
    `docker load` (.oci.tar). The same version of moorage gives the same bytes each time.
    """
    reporter = _STYLE.reporter(values)

    async def work() -> list[Path]:
        from moorage.runtime.build import write

        built = await _built(architecture, debian_mirror, wheel_mirror, reporter)
        return [path for each in built for path in write(each, output)]

    for path in _STYLE.run(work(), reporter):
        click.echo(path)


@runtime_command.command("publish", epilog="Example: moorage runtime publish ghcr.io/me/moorage-runtime:1")
@click.argument("reference")
@_sources
@_STYLE.options
def publish_runtime(
    reference: str,
    architecture: tuple[Architecture, ...],
    debian_mirror: str,
    wheel_mirror: str,
    **values: Any,
) -> None:
    """Build the runtime and push it to REFERENCE: an image for each architecture, and the index over them.

    Logins are those of `docker login`. What the registry has already is not sent again. Prints the digests.
    """
    reporter = _STYLE.reporter(values)

    async def work() -> Published:
        from moorage import __version__
        from moorage.compat.authoring.opening import open_finder
        from moorage.oci.reference import parse
        from moorage.runtime.publish import publish

        target = parse(reference)
        built = await _built(architecture, debian_mirror, wheel_mirror, reporter)
        async with open_finder(reporter) as finder:
            return await publish([each.image for each in built], __version__, target, await finder.client())

    printed(_STYLE.run(work(), reporter), indent=2)


@runtime_command.command(
    "lock", epilog="Example: moorage runtime lock --output src/moorage/runtime/lock.json"
)
@click.option("--debian-mirror", metavar="URL", default="", help="Instead of http://deb.debian.org.")
@click.option("--wheel-index", metavar="URL", default="", help="Instead of https://pypi.org/simple.")
@click.option(
    "--keyring",
    default="/usr/share/keyrings/debian-archive-keyring.gpg",
    show_default=True,
    help="Debian's keys, which gpgv checks the indexes with.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write.",
)
@_STYLE.options
def lock_runtime(debian_mirror: str, wheel_index: str, keyring: str, output: Path, **values: Any) -> None:
    """Pin what Debian and PyPI have now: for whoever maintains moorage, after a security update."""
    reporter = _STYLE.reporter(values)

    async def work() -> bytes:
        from moorage.runtime.lock import encode
        from moorage.runtime.pinning import pin

        return encode(await pin(debian=debian_mirror, wheels=wheel_index, keyring=keyring))

    output.write_bytes(_STYLE.run(work(), reporter))
    click.echo(output)


async def _built(
    architectures: tuple[Architecture, ...], debian: str, wheels: str, reporter: Redacting
) -> tuple[Built, ...]:
    from moorage.runtime.build import build
    from moorage.runtime.fetch import Store, mirrors
    from moorage.runtime.lock import load
    from moorage.runtime.recipe import ARCHITECTURES
    from moorage.workspace.site import cache_folder

    lock = load()
    store = Store(Path(cache_folder(os.environ)) / "runtime", mirrors(lock.date, debian, wheels), reporter)
    return await build(architectures or ARCHITECTURES, lock, store, reporter)
