"""``python -m docs.generate``: writes docs/reference/ from the code, so that it cannot be out of date."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import click

import moorage
from docs import effects
from moorage.cli import defaults
from moorage.cli.main import COMMANDS, cli
from moorage.devcontainer.legacy import MOVED
from moorage.devcontainer.properties import Build, Configuration
from moorage.drivers.docker import options
from moorage.drivers.kubernetes import options as kubernetes
from moorage.drivers.kubernetes.meanings import MEANINGS
from moorage.drivers.kubernetes.support import MOUNTS, PROPERTIES, Row, rows
from moorage.errors import MoorageError
from moorage.inside.envbuilder import options as variables
from moorage.inside.envbuilder import table
from moorage.workspace import preferences

FOLDER = Path(__file__).with_name("reference")
SUBCOMMANDS = ("template",)
"""Groups whose commands have a section each."""
NOTE = "<!-- Made by `python -m docs.generate`; do not edit. -->\n\n"


def main() -> int:
    """Write every page; 0."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    return 0


def pages() -> dict[str, str]:
    """File name → text."""
    made = {
        "commands.md": commands(),
        "errors.md": errors(),
        "options.md": driver_options(),
        "configuration.md": configuration(),
        "envbuilder.md": envbuilder(),
    }
    return {name: NOTE + text.rstrip() + "\n" for name, text in made.items()}


def commands() -> str:
    """Every command with its options, as its own help has it."""
    parts = ["# Commands\n", "`-h` after any command shows the same. Exit codes: [errors](errors.md).\n"]
    context = click.Context(cli, info_name="moorage")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None, f"moorage {name} is listed but cannot be loaded"
        parts.append(_command(name, command, context))
        if isinstance(command, click.Group) and name in SUBCOMMANDS:
            within = click.Context(command, info_name=name, parent=context)
            for below in command.list_commands(within):
                found = command.get_command(within, below)
                assert found is not None
                parts.append(_command(f"{name} {below}", found, within))
    return "\n".join(parts)


def errors() -> str:
    """Every failure by its class, with its code: what `--output json` has in `code`."""
    _load_everything()
    found = sorted(set(_subclasses(MoorageError)), key=lambda each: (each.exit_code, each.code))
    parts = [
        "# Errors\n",
        "Each failure ends with one sentence, its evidence, a hint and a code in brackets. The exit code\n"
        "tells the class. `exec` and `shell` end with the exit code of what they ran; 125 means that it\n"
        "could not be run. 130 is an interruption.\n",
    ]
    for exit_code in sorted({each.exit_code for each in found}):
        members = [each for each in found if each.exit_code == exit_code]
        family = next((each for each in members if each.__module__ == "moorage.errors"), MoorageError)
        parts.append(f"## Exit code {exit_code}: {effects.CLASSES[family.__name__]}\n")
        rows = [(f"`{each.code}`", _meaning(each)) for each in members if each is not family]
        parts.append(_table(("code", "meaning"), rows))
    return "\n".join(parts)


def driver_options() -> str:
    """`-o KEY=VALUE`, a person's own config.toml, and the environment."""
    names = tuple(options.OPTIONS)
    given = options.Options()
    rows = [
        (
            f"`{name}`",
            effects.OPTIONS[name],
            options.OPTIONS[name][2],
            _default(getattr(given, options.OPTIONS[name][0])),
        )
        for name in names
    ]
    environment = [(f"`{name}`", text) for name, text in effects.ENVIRONMENT.items()]
    return (
        "# Options, config.toml, environment\n\n"
        "Give an option of the driver as `-o KEY=VALUE`, as often as needed.\n\n"
        "## docker\n\n" + _table(("option", "meaning", "value", "default"), rows) + "\n## kubernetes\n\n"
        f"Names that other tools have for the same: {_aliases()}.\n\n"
        + _table(("option", "meaning", "value"), _kubernetes_options())
        + "\n## config.toml\n\n"
        "Your own defaults, in `$XDG_CONFIG_HOME/moorage/config.toml` (`~/.config/moorage/config.toml`).\n"
        "The command line wins; lists are added to, by name. For example:\n\n"
        f"```toml\n{_example(preferences)}```\n\n"
        f"`[up]` takes {_listed(defaults.OPTIONS)}, each as the option of `moorage up` of that name.\n\n"
        "## Environment\n\n" + _table(("variable", "meaning"), environment)
    )


def configuration() -> str:
    """Every property of devcontainer.json and what becomes of it."""
    pods = {row.name: _in_a_pod(row) for row in PROPERTIES}
    table = [
        (f"`{name}`", effects.PROPERTIES[name], pods[name]) for name in Configuration.__struct_encode_fields__
    ]
    build = [(f"`build.{name}`", effects.BUILD[name], "") for name in Build.__struct_encode_fields__]
    others = [(f"`{row.name}`", _in_a_pod(row)) for row in rows() if row not in PROPERTIES]
    assert len(others) > len(MOUNTS)
    moved = [(f"`{old}`", f"`{new}`") for old, new in MOVED.items()]
    return (
        "# devcontainer.json\n\n"
        "What the drivers do with each property. An unknown property is warned about with the\n"
        "nearest known name; a value of the wrong type ends the command with its file, line and column.\n\n"
        + _table(("property", "on Docker and Podman", "in a pod on Kubernetes"), [*table, *build])
        + "\n## Mounts and runArgs on Kubernetes\n\n"
        + _table(("what", "in a pod"), others)
        + "\n## Old names\n\n"
        + _table(("old", "today"), moved)
    )


def envbuilder() -> str:
    """Every variable that the runtime takes in the place of the peer's builder."""
    given = variables.Options()
    parts = [
        "# Variables of the builder inside\n",
        "What `moorage-inside envbuilder` goes by: the variables of envbuilder 1.3, for the\n"
        "[Coder template](../guides/coder-template.md). A name without `ENVBUILDER_` is taken too and told;\n"
        "an empty value gives nothing. All that is wrong is told at once, and ends with 2.\n",
    ]
    for title, group in table.GROUPS.items():
        rows = [
            (f"`{each.name}`", _effect(each), each.kind, _default(getattr(given, each.field)))
            for each in group
        ]
        parts += [f"## {title}\n", _table(("variable", "meaning", "value", "default"), rows)]
    return "\n".join(parts)


def _effect(variable: table.Variable) -> str:
    missing = f"**No effect**: {variable.missing}." if variable.missing else ""
    return f"{variable.meaning} {missing}".strip()


def _kubernetes_options() -> list[tuple[str, ...]]:
    return [(f"`{name}`", MEANINGS[name], option.expected) for name, option in kubernetes.OPTIONS.items()]


def _aliases() -> str:
    return ", ".join(f"`{other}` for `{name}`" for other, name in kubernetes.ALIASES.items())


def _in_a_pod(row: Row) -> str:
    """What a pod makes of it; where that is nothing special, its own words say so."""
    marks = {"refused": "Refused. ", "warned": "With a warning. "}
    return f"{marks.get(row.effect, '')}{row.how}"


def _command(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f"## moorage {name}\n",
        f"    moorage {name} {usage}\n",
        inspect.cleandoc(command.help or "") + "\n",
    ]
    rows = [
        (_spelling(option), _option_help(option))
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    ]
    if rows:
        lines.append(_table(("option", "meaning"), rows))
    if command.epilog:
        lines.append(inspect.cleandoc(command.epilog).replace("Example: ", "Example: `") + "`\n")
    return "\n".join(lines).replace("\b\n", "")


def _spelling(option: click.Option) -> str:
    metavar = ""
    if not option.is_flag and not option.count:
        choices = option.type.choices if isinstance(option.type, click.Choice) else ()
        metavar = " " + (option.metavar or "|".join(map(str, choices)) or option.type.name.upper())
    return f"`{', '.join((*option.opts, *option.secondary_opts))}{metavar}`"


def _option_help(option: click.Option) -> str:
    text = option.help or ""
    default = option.default
    if option.show_default and isinstance(default, (str, int)) and not isinstance(default, bool):
        text += f" Default: {default}."
    return text + (" May be given several times." if option.multiple else "")


def _load_everything() -> None:
    for module in pkgutil.walk_packages(moorage.__path__, "moorage."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _subclasses(error: type[MoorageError]) -> Iterator[type[MoorageError]]:
    for each in error.__subclasses__():
        if each.__module__.startswith("moorage."):
            yield each
            yield from _subclasses(each)


def _meaning(error: type[MoorageError]) -> str:
    """The first paragraph of its own docstring."""
    text = inspect.cleandoc(error.__doc__ or "") if "__doc__" in error.__dict__ else ""
    return " ".join(text.split("\n\n")[0].split())


def _example(module: ModuleType) -> str:
    """The TOML of a module's docstring: all after its first paragraph."""
    return inspect.cleandoc(module.__doc__ or "").partition("\n\n")[2] + "\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`" if value else "none"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
