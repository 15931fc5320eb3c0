"""`moorage features`: for authors of Features, and for those who want to know what one brings along.

Each command loads only what it needs itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from moorage.cli.authoring import Own, Style, printed, told
from moorage.cli.report.plain import harmless
from moorage.cli.trials import test_command
from moorage.events import Redacting

if TYPE_CHECKING:
    from moorage.compat.authoring.collection import Kind
    from moorage.compat.authoring.documents import Place
    from moorage.compat.authoring.information import Information
    from moorage.compat.authoring.publishing import Published
    from moorage.devcontainer.features.order import Order

_PACKAGE_HELP = """Pack the {kind}s of TARGET into archives that are the same bytes each time.

TARGET is the folder of a collection (or the `src` in it), or that of one {kind}. The metadata of all of them
goes beside the archives, as devcontainer-collection.json.
"""
_PUBLISH_HELP = """Pack and push the {kind}s of TARGET to registry/namespace/<id>.

A new version 1.2.3 gets the tags 1, 1.2, 1.2.3 and latest, as far as nothing newer has them. One that is
there already stays as it is. Logins are those of `docker login`.
"""


def features_group(style: Style) -> click.Group:
    """The group in one of the two ways."""
    group = click.Group("features", help="Test, package, publish and look up Features.")
    for command in (
        test_command(style),
        package_command("feature", style),
        publish_command("feature", style),
        _info(style),
        _resolve_dependencies(style),
        _generate_docs(style),
    ):
        group.add_command(command)
    return group


def package_command(kind: Kind, style: Style) -> click.Command:
    """`package`, which Templates do not have in the reference CLI."""

    @click.command("package", cls=style.command, help=_PACKAGE_HELP.format(kind=kind))
    @click.argument("target", default=".")
    @click.option("-o", "--output-folder", default="./output", show_default=True, help="Where to put them.")
    @click.option(
        "-f", "--force-clean-output-folder", is_flag=True, help="Remove what is in that folder first."
    )
    @style.options
    def package(target: str, **values: Any) -> None:
        reporter = style.reporter(values)

        async def work() -> list[str]:
            from moorage.compat.authoring import packing
            from moorage.compat.authoring.collection import collection

            items = collection(Path(target), kind, told(reporter))
            output = Path(values["output_folder"])
            return packing.write(items, kind, output, clean=values["force_clean_output_folder"])

        for name in style.run(work(), reporter):
            click.echo(Path(values["output_folder"], name))

    return package


def publish_command(kind: Kind, style: Style) -> click.Command:
    """`publish`."""

    @click.command("publish", cls=style.command, help=_PUBLISH_HELP.format(kind=kind))
    @click.argument("target", default=".")
    @registry_options
    @style.options
    def publish_items(target: str, **values: Any) -> None:
        reporter = style.reporter(values)

        async def work() -> dict[str, Published]:
            from moorage.compat.authoring.collection import collection
            from moorage.compat.authoring.opening import open_finder
            from moorage.compat.authoring.publishing import publish

            items = collection(Path(target), kind, told(reporter))
            async with open_finder(reporter) as finder:
                client = await finder.client()
                return await publish(
                    items, kind, values["registry"], values["namespace"], client, told(reporter)
                )

        printed(style.run(work(), reporter))

    return publish_items


def registry_options(command: Any) -> Any:
    """Where a collection is published."""
    command = click.option(
        "-n", "--namespace", required=True, metavar="OWNER/REPOSITORY", help="The place in the registry."
    )(command)
    return click.option("-r", "--registry", default="ghcr.io", show_default=True, help="The registry.")(
        command
    )


def _info(style: Style) -> click.Command:
    @click.command("info", cls=style.command)
    @click.argument("mode", type=click.Choice(["manifest", "tags", "dependencies", "verbose"]))
    @click.argument("feature")
    @click.option(
        "--output-format",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        help="For people, or JSON.",
    )
    @style.options
    def info(mode: Any, feature: str, **values: Any) -> None:
        """Say what a registry has of FEATURE: its manifest, its tags, what it depends on, or all of it."""
        reporter = style.reporter(values)

        async def work() -> Information:
            from moorage.compat.authoring.information import information
            from moorage.compat.authoring.opening import open_finder

            async with open_finder(reporter) as finder:
                return await information(feature, mode, finder)

        found = style.run(work(), reporter)
        if values["output_format"] == "json":
            printed(found, indent=4)
        else:
            click.echo(harmless(_as_text(found)))

    return info


def _resolve_dependencies(style: Style) -> click.Command:
    @click.command("resolve-dependencies", cls=style.command)
    @click.option("--workspace-folder", default=".", help="The folder with the configuration.")
    @style.options
    def resolve_dependencies(**values: Any) -> None:
        """Print which Features a configuration installs, in order, and how they depend on one another."""
        reporter = style.reporter(values)

        async def work() -> Order:
            from moorage.compat.authoring.dependencies import of_folder
            from moorage.compat.authoring.opening import open_finder

            async with open_finder(reporter) as finder:
                return await of_folder(Path(values["workspace_folder"]).absolute(), finder)

        from moorage.compat.authoring.dependencies import drawn, installed

        order = style.run(work(), reporter)
        click.echo(harmless(drawn(order)) + "\n")
        printed({"installOrder": installed(order)}, indent=2)

    return resolve_dependencies


def _generate_docs(style: Style) -> click.Command:
    @click.command("generate-docs", cls=style.command)
    @click.option(
        "-p", "--project-folder", default=".", help="The folder with the Features, or with their src."
    )
    @registry_options
    @github_options
    @style.options
    def generate_docs(**values: Any) -> None:
        """Write a README.md for each Feature from its metadata and its NOTES.md."""
        from moorage.compat.authoring.documents import Place

        reporter = style.reporter(values)
        place = Place(registry=values["registry"], namespace=values["namespace"], github=github_of(values))
        for path in style.run(document("feature", values["project_folder"], place, reporter), reporter):
            click.echo(path)

    return generate_docs


def github_options(command: Any) -> Any:
    """Where the sources are, for links."""
    command = click.option("--github-repo", default="", help="Its name.")(command)
    return click.option("--github-owner", default="", help="Who owns the repository at GitHub.")(command)


def github_of(values: dict[str, Any]) -> str:
    """owner/repository, or "" where one of the two is missing."""
    owner, repository = values["github_owner"], values["github_repo"]
    return f"{owner}/{repository}" if owner and repository else ""


async def document(kind: Kind, folder: str, place: Place, reporter: Redacting) -> list[Path]:
    """Write the README files of a collection."""
    from moorage.compat.authoring import documents
    from moorage.compat.authoring.collection import collection

    return documents.write(collection(Path(folder), kind, told(reporter)), place)


def _as_text(found: Information) -> str:
    parts = []
    if found.manifest is not None:
        manifest = msgspec.json.format(msgspec.json.encode(found.manifest), indent=2).decode()
        parts += [_titled("Manifest", manifest), _titled("Canonical Identifier", found.canonical_id)]
    if found.published_tags:
        parts.append(_titled("Published Tags", "\n".join(f"   {tag}" for tag in found.published_tags)))
    if found.dependencies:
        title = "Dependency Tree (Render with https://mermaid.live/)"
        parts.append(_titled(title, found.dependencies))
    return "\n\n".join(parts)


def _titled(title: str, text: str) -> str:
    line = "─" * len(title)
    return f"┌{line}┐\n│{title}│\n└{line}┘\n{text}"


features_command = features_group(Own())
