"""From the reference CLI's flags to one `Request`."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from moorage.compat.reference.configured import git_common
from moorage.compat.reference.place import DEFAULTS, Place
from moorage.errors import UsageError
from moorage.planner.request import Dotfiles, HooksUntil, Request
from moorage.spec.source import LocalFolder
from moorage.workspace.site import host


class BadAdditionalFeatures(UsageError):
    """--additional-features is not a JSON object."""

    code = "bad-additional-features"


def request_of(place: Place, values: Mapping[str, Any]) -> Request:
    """The request that the flags of `up`, `build` or `read-configuration` describe. Raises their errors."""
    source = LocalFolder(path=place.folder or os.getcwd())  # noqa: PTH109
    machine = host(source, dict(os.environ))
    if not place.git_root:
        machine = msgspec.structs.replace(machine, git_root="")
    machine = msgspec.structs.replace(machine, git_common=git_common(place, machine.git_root))
    fresh = bool(values.get("build_no_cache") or values.get("no_cache"))
    return Request(
        source=source,
        host=machine,
        config=_config(place),
        override_config=place.override,
        id_labels=place.id_labels,
        no_cache=fresh,
        rebuild=fresh,
        recreate=bool(values.get("remove_existing_container")) or fresh,
        features=features_of(values.get("additional_features")),
        auto_mapping=not values.get("skip_feature_auto_mapping", False),
        lockfile=_lockfile(values),
        remote_environment=tuple(pairs(values.get("remote_env", ())).items()),
        mounts=tuple(_mount(text) for text in values.get("mount", ())),
        dotfiles=dotfiles_of(values),
        secrets=secrets_of(values),
        cache_from=tuple(values.get("cache_from") or ()),
        cache_to=(values["cache_to"],) if values.get("cache_to") else (),
        attach=not values.get("skip_post_attach", False),
        hooks_until=until(values),
        wait_for_all=True,
        default_probe=values.get("default_user_env_probe") or "loginInteractiveShell",
        update_uid=values.get("update_remote_user_uid_default") or "on",
        gpu=values.get("gpu_availability") or "detect",
        data_folder=values.get("container_data_folder") or "",
        labelled_remote_env=not values.get("omit_config_remote_env_from_metadata", False),
    )


def until(values: Mapping[str, Any]) -> HooksUntil:
    """How far the hooks go; the flag that stops earliest counts."""
    if values.get("skip_post_create"):
        return "none"
    if values.get("prebuild"):
        return "updateContentCommand"
    if values.get("skip_non_blocking_commands"):
        return "waitFor"
    return "dotfiles" if values.get("stop_for_personalization") else ""


def pairs(given: tuple[str, ...]) -> dict[str, str]:
    """`name=value` flags, checked before, as a mapping."""
    return {name: value for name, _, value in (text.partition("=") for text in given)}


def dotfiles_of(values: Mapping[str, Any]) -> Dotfiles | None:
    """The dotfiles flags; None without a repository."""
    repository = values.get("dotfiles_repository")
    if not repository:
        return None
    return Dotfiles(
        repository=repository,
        target=values.get("dotfiles_target_path") or "~/dotfiles",
        install_command=values.get("dotfiles_install_command") or "",
    )


def secrets_of(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What --secrets-file holds. Raises what `lifecycle.secrets.read` does."""
    path = values.get("secrets_file")
    if not path:
        return ()
    from moorage.lifecycle.secrets import read  # few runs have secrets

    return tuple(read(Path(path)).items())


def features_of(text: str | None) -> dict[str, object]:
    """--additional-features as an object. Raises BadAdditionalFeatures."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadAdditionalFeatures(
            f"--additional-features is not a JSON object: {error}.",
            hint='Write it like "features" in devcontainer.json: {"ghcr.io/owner/repo/id:1": {}}.',
        ) from error


def _config(place: Place) -> str:
    """The configuration as moorage identifies it: relative to the folder, "" for the default."""
    if not place.config or not place.folder:
        return place.config
    relative = posixpath.relpath(place.config, place.folder)
    if relative in DEFAULTS:
        return relative if relative != DEFAULTS[0] else ""
    return place.config if relative.startswith("../") else relative


def _lockfile(values: Mapping[str, Any]) -> Any:
    if values.get("no_lockfile"):
        return "ignore"
    return (
        "frozen" if values.get("frozen_lockfile") or values.get("experimental_frozen_lockfile") else "write"
    )


def _mount(text: str) -> str:
    """Without `external`, which says to the reference that Compose shall not make the volume."""
    return ",".join(field for field in text.split(",") if not field.startswith("external="))
