"""The variables as typed options. All that is wrong with them is told at once, and never a secret's value.

Each may lack its prefix, which is deprecated; the one with the prefix wins. An empty value gives nothing.
Names and defaults are those of envbuilder 1.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from moorage.devcontainer.spelling import did_you_mean
from moorage.errors import UsageError
from moorage.inside.envbuilder.table import OWN_PREFIX, PREFIX, VARIABLES, Variable
from moorage.inside.envbuilder.values import BadValue

_NOT_OPTIONS = ("ENVBUILDER_ENV",)
"""What a setup script is given, should one start us."""


class BadVariables(UsageError):
    """Variables `ENVBUILDER_*` have values that do not fit, or contradict one another."""

    code = "envbuilder-variables"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; `init_args` is None where none were given. Prints no values: some are secret."""

    setup_script: str = ""
    init_script: str = "sleep infinity"
    init_command: str = "/bin/sh"
    init_args: tuple[str, ...] | None = None

    git_url: str = ""
    git_clone_depth: int = 0
    git_clone_single_branch: bool = False
    git_clone_thinpack: bool = True
    git_submodules: bool = True
    git_username: str = ""
    git_password: str = ""
    git_ssh_private_key_path: str = ""
    git_ssh_private_key_base64: bytes = b""
    git_http_proxy_url: str = ""
    workspace_base_dir: str = "/workspaces"
    workspace_folder: str = ""
    ssl_cert_base64: bytes = b""
    insecure: bool = False

    devcontainer_dir: str = ""
    devcontainer_json_path: str = ""
    dockerfile_path: str = ""
    build_context_path: str = ""
    fallback_image: str = ""
    exit_on_build_failure: bool = False
    build_secrets: tuple[tuple[str, str], ...] = ()
    ignore_paths: tuple[str, ...] = ()
    force_safe: bool = False
    skip_rebuild: bool = False
    remote_repo_build_mode: bool = False

    cache_repo: str = ""
    layer_cache_dir: str = ""
    base_image_cache_dir: str = ""
    cache_ttl_days: int = 7
    docker_config_base64: bytes = b""
    push_image: bool = False
    exit_on_push_failure: bool = False
    get_cached_image: bool = False
    binary_path: str = ""

    export_env_file: str = ""
    post_start_script_path: str = ""
    verbose: bool = False
    coder_agent_url: str = ""
    coder_agent_token: str = ""
    coder_agent_subsystem: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Options(…)"

    __str__ = __repr__


class Given(msgspec.Struct, frozen=True):
    """The options, and sentences for whoever set them: old and unknown names, what has no effect."""

    options: Options
    remarks: tuple[str, ...]


def parse(environ: Mapping[str, str]) -> Given:
    """Raises BadVariables, whose evidence has a line for each fault."""
    found: dict[str, object] = {}
    remarks, faults = [*_unknown(environ)], list[str]()
    for variable in VARIABLES:
        name = named(variable, environ)
        if name is None:
            continue
        if name != variable.name:
            remarks.append(f"{name} is an old name: set {variable.name}.")
        try:
            found[variable.field] = variable.convert(environ[name].strip())
        except BadValue as error:
            shown = "" if variable.secret else f" {environ[name][:80]!r}"
            faults.append(f"{name}{shown}: {error}")
    options = Options(**found)  # type: ignore[arg-type]  # the table's converters give the fields' types
    faults += _contradictions(options)
    if faults:
        raise BadVariables(
            f"{len(faults)} of the variables {PREFIX}* cannot be used.",
            evidence=tuple(faults),
            hint="Correct them where the workspace is made, in the template for example.",
        )
    return Given(options, (*remarks, *_without_effect(found)))


def named(variable: Variable, environ: Mapping[str, str]) -> str | None:
    """The name under which the environment has a variable with a value."""
    names = (variable.name, *((variable.old,) if variable.old else ()))
    return next((name for name in names if environ.get(name, "").strip()), None)


def _contradictions(options: Options) -> Iterator[str]:
    if options.git_ssh_private_key_path and options.git_ssh_private_key_base64:
        yield (
            f"{PREFIX}GIT_SSH_PRIVATE_KEY_PATH and {PREFIX}GIT_SSH_PRIVATE_KEY_BASE64 exclude one another: "
            "give one of them"
        )
    if options.push_image and not options.cache_repo:
        yield f"{PREFIX}PUSH_IMAGE needs {PREFIX}CACHE_REPO, where the image would go"
    if options.push_image and options.exit_on_push_failure:
        yield f"{PREFIX}EXIT_ON_PUSH_FAILURE asks for an image that is pushed: images are not pushed yet"
    if options.get_cached_image:
        yield f"{PREFIX}GET_CACHED_IMAGE asks for an image that was pushed: images are not pushed yet"


def _without_effect(found: Mapping[str, object]) -> Iterator[str]:
    plain = Options()
    for variable in VARIABLES:
        given = found.get(variable.field)
        if variable.missing and given is not None and given != getattr(plain, variable.field):
            yield f"{variable.name} has no effect: {variable.missing}."
    if found.get("build_context_path") and not found.get("dockerfile_path"):
        yield f"{PREFIX}BUILD_CONTEXT_PATH has no effect without {PREFIX}DOCKERFILE_PATH."


def _unknown(environ: Mapping[str, str]) -> Iterator[str]:
    """They may be a later envbuilder's, so they stop nothing."""
    known = [variable.name for variable in VARIABLES]
    for name in sorted(environ):
        if name.startswith((PREFIX, OWN_PREFIX)) and name not in (*known, *_NOT_OPTIONS):
            yield f"{name} is unknown and has no effect. {did_you_mean(name, known)}".rstrip()
