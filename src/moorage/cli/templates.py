"""`templates`: apply, publish and describe Templates of the specification.

Each command loads only what it needs itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from moorage.cli.authoring import Own, Style, from_json, printed
from moorage.cli.features import document, github_of, github_options, publish_command


def templates_group(style: Style) -> click.Group:
    """The group in one of the two ways."""
    group = click.Group("templates", help="Apply, publish and look up Templates.")
    for command in (
        _apply(style),
        publish_command("template", style),
        _metadata(style),
        _generate_docs(style),
    ):
        group.add_command(command)
    return group


def _apply(style: Style) -> click.Command:
    @click.command("apply", cls=style.command)
    @click.option("-w", "--workspace-folder", default=".", help="Where to put its files.")
    @click.option("-t", "--template-id", required=True, help="The Template in its registry.")
    @click.option("-a", "--template-args", default="{}", help="Its options, as a JSON object of texts.")
    @click.option("-f", "--features", default="[]", help='Features to add: JSON [{"id": …, "options": {…}}].')
    @click.option("--omit-paths", default="[]", help="What to leave out: a JSON list; folder/* is a folder.")
    @click.option("--tmp-dir", hidden=True, help="For compatibility; the cache is used.")
    @style.options
    def apply_template(**values: Any) -> None:
        """Put the files of a Template into a folder. Files of the same names are replaced."""
        reporter = style.reporter(values)

        async def work() -> list[str]:
            from moorage.compat.authoring.applying import Addition, apply
            from moorage.compat.authoring.information import in_registry
            from moorage.compat.authoring.opening import open_finder

            options = from_json(values["template_args"], dict[str, str | bool], "--template-args")
            features = from_json(values["features"], list[Addition], "--features")
            omit = from_json(values["omit_paths"], list[str], "--omit-paths")
            async with open_finder(reporter) as finder:
                return await apply(
                    in_registry(values["template_id"]),
                    Path(values["workspace_folder"]),
                    finder,
                    options=options,
                    features=features,
                    omit=omit,
                )

        printed({"files": style.run(work(), reporter)})

    return apply_template


def _metadata(style: Style) -> click.Command:
    @click.command("metadata", cls=style.command)
    @click.argument("template_id")
    @style.options
    def metadata(template_id: str, **values: Any) -> None:
        """Print the metadata of a published Template."""
        reporter = style.reporter(values)

        async def work() -> msgspec.Raw:
            from moorage.compat.authoring.information import in_registry
            from moorage.compat.authoring.opening import open_finder

            async with open_finder(reporter) as finder:
                found = await finder.artifact(in_registry(template_id))
                return msgspec.Raw(found.annotation.encode() or b"{}")

        printed(style.run(work(), reporter))

    return metadata


def _generate_docs(style: Style) -> click.Command:
    @click.command("generate-docs", cls=style.command)
    @click.option("-p", "--project-folder", default=".", help="The folder with the Templates, or their src.")
    @github_options
    @style.options
    def generate_docs(**values: Any) -> None:
        """Write a README.md for each Template from its metadata and its NOTES.md."""
        from moorage.compat.authoring.documents import Place

        reporter = style.reporter(values)
        place = Place(github=github_of(values))
        for path in style.run(document("template", values["project_folder"], place, reporter), reporter):
            click.echo(path)

    return generate_docs


templates_command = templates_group(Own())
