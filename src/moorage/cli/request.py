"""From the options of `up`, `plan` and `build` to one `Request`."""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

from moorage.cli.options import output_of, pairs, source_and_host
from moorage.cli.report import Output
from moorage.cli.run import fail, open_reporter, run
from moorage.drivers.base import Listed
from moorage.errors import MoorageError, UsageError
from moorage.events import Redacting
from moorage.planner.request import Dotfiles, Request
from moorage.spec.build import BuildSecret


class BadName(UsageError):
    """A workspace's name has characters that no object's name can have."""

    code = "bad-name"


class BadMountOption(UsageError):
    """--mount was given something that is no mount."""

    code = "bad-mount-option"


class LockfileBoth(UsageError):
    """The lockfile can be frozen or ignored, not both."""

    code = "lockfile-both"


class BadBuildSecret(UsageError):
    """--build-secret was given something that it does not understand."""

    code = "bad-build-secret"


class Asked(NamedTuple):
    """A command line, understood: what is wanted, where, and how it is told."""

    request: Request
    driver: str
    options: dict[str, str]
    output: Output
    reporter: Redacting


def asked(source: str, values: dict[str, Any]) -> Asked:
    """Read the options of `up`, `plan` or `build`. A wrong one ends the process like any other error."""
    output = output_of(values)
    reporter = open_reporter(output)
    try:
        options = pairs(values["driver_options"], "-o")
        if _is_bare_name(source):
            named = run(_named(source, reporter, values["driver"], options), output, reporter)
            source, values = _from_labels(source, values, named)
        request = request_of(source, values)
        reporter.add(secrets_of(request))
    except MoorageError as error:
        fail(error, output, reporter)
    return Asked(request, values["driver"], options, output, reporter)


def request_of(source: str, values: dict[str, Any]) -> Request:
    """The request that a command's options describe. Raises the errors of their values."""
    found, machine = source_and_host(source)
    return Request(
        source=found,
        host=machine,
        name=_name(values.get("name") or ""),
        config=values.get("config") or "",
        recreate=values.get("recreate", False) or values.get("rebuild", False),
        rebuild=values.get("rebuild", False),
        no_cache=values.get("no_cache", False),
        pull=values.get("pull", False),
        allow_host_commands=values.get("allow_host_commands", False),
        environment=tuple(pairs(values.get("env", ()), "--env").items()),
        remote_environment=tuple(pairs(values.get("remote_env", ()), "--remote-env").items()),
        mounts=_mounts(values.get("mount", ())),
        dotfiles=_dotfiles(values),
        secrets=tuple(_secrets(values.get("secrets_file")).items()),
        build_secrets=tuple(_build_secrets(values.get("build_secret", ())).values()),
        build_ssh=tuple({text.partition("=")[0]: text for text in values.get("ssh", ())}.values()),
        features=_features(values.get("feature", ())),
        lockfile=_lockfile(values),
        hook_timeout=values.get("hook_timeout") or 0,
        repository=values.get("repository") or "",
        submodules=values.get("submodules", False),
        lfs=values.get("lfs", False),
    )


def secrets_of(request: Request) -> tuple[str, ...]:
    """Every value that must not be shown."""
    variables = (os.environ.get(secret.variable, "") for secret in request.build_secrets if secret.variable)
    return (*(value for _, value in request.secrets), *(value for value in variables if value))


def _is_bare_name(text: str) -> bool:
    """A word that can only be a workspace's name: no folder here is called so, no URL or path looks so."""
    return text.replace("-", "").isalnum() and text.isascii() and not os.path.isdir(text)  # noqa: PTH112


async def _named(name: str, reporter: Redacting, driver: str, options: dict[str, str]) -> Listed | None:
    from moorage.workspace.find import NoWorkspace, find
    from moorage.workspace.opening import open_site

    async with open_site(reporter, driver=driver, options=options) as site:
        try:
            return await find(name, site)
        except NoWorkspace:
            return None


def _from_labels(text: str, values: dict[str, Any], named: Listed | None) -> tuple[str, dict[str, Any]]:
    """The source, name and configuration that the workspace was asked for with."""
    from moorage.workspace.find import shown_source
    from moorage.workspace.recall import identity

    found = identity(named.labels) if named else None
    if named is None or found is None:
        return text, values
    return shown_source(named), {**values, "name": found[0], "config": found[1]}


def _name(name: str) -> str:
    import re

    if name and not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", name):
        raise BadName(
            f"{name!r} cannot be a workspace's name.",
            hint="Use 1 to 40 of a-z, 0-9 and -, with a letter or digit at both ends.",
        )
    return name


def _mounts(given: tuple[str, ...]) -> tuple[str, ...]:
    if given:
        from moorage.devcontainer.mounts import BadMount, parse_mount  # few runs have mounts

        for text in given:
            try:
                parse_mount(text)
            except BadMount as error:
                raise BadMountOption(f"--mount: {error.message}", hint=error.hint) from error
    return given


def _features(given: tuple[str, ...]) -> dict[str, object]:
    """Options are JSON, or a word that is a version."""
    return {name: _json_or_word(text) for name, _, text in (each.partition("=") for each in given)}


def _json_or_word(text: str) -> object:
    import msgspec

    if not text.startswith("{"):
        return text or {}
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _lockfile(values: dict[str, Any]) -> Literal["write", "frozen", "ignore"]:
    frozen, ignored = values.get("frozen_lockfile", False), values.get("no_lockfile", False)
    if frozen and ignored:
        raise LockfileBoth(
            "--frozen-lockfile and --no-lockfile are mutually exclusive.", hint="Leave one of them out."
        )
    return "frozen" if frozen else "ignore" if ignored else "write"


def _dotfiles(values: dict[str, Any]) -> Dotfiles | None:
    repository = values.get("dotfiles")
    if not repository:
        return None
    return Dotfiles(
        repository=repository,
        target=values.get("dotfiles_target") or "~/dotfiles",
        install_command=values.get("dotfiles_install_command") or "",
    )


def _secrets(path: str | None) -> dict[str, str]:
    if not path:
        return {}
    from pathlib import Path

    from moorage.lifecycle.secrets import read

    return read(Path(path))


def _build_secrets(given: tuple[str, ...]) -> dict[str, BuildSecret]:
    return {secret.id: secret for secret in map(_build_secret, given)}


def _build_secret(text: str) -> BuildSecret:
    given = dict(part.partition("=")[::2] for part in text.split(","))
    file, variable = given.get("src") or given.get("source") or "", given.get("env") or ""
    if not given.get("id") or bool(file) == bool(variable):
        raise BadBuildSecret(
            f"--build-secret does not understand {text!r}.",
            hint="Write id=NAME,src=FILE or id=NAME,env=VARIABLE.",
        )
    return BuildSecret(id=given["id"], file=os.path.abspath(file) if file else "", variable=variable)  # noqa: PTH100
