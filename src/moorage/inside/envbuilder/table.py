"""Every variable: the field that it fills, how its text is read, and what it means for people."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from moorage.inside.envbuilder import values

PREFIX = "ENVBUILDER_"
OWN_PREFIX = "MOORAGE_GIT_"

_NO_CACHE = "nothing is cached in a registry or a folder yet, the build goes on without"
_NOT_PUSHED = "images are not pushed yet"
_OWN_GUARD = "images are built in containers only that have nothing but moorage's runtime"
_NO_STREAM = "the build's log goes to the container's output, not to Coder yet"


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """`old` is the deprecated name; `missing` says why it has no effect, "" where it has one."""

    name: str
    field: str
    convert: Callable[[str], object]
    meaning: str
    kind: str
    old: str = ""
    secret: bool = False
    missing: str = ""


def _variable(
    name: str,
    convert: Callable[[str], object],
    meaning: str,
    *,
    kind: str = "text",
    secret: bool = False,
    missing: str = "",
) -> Variable:
    return Variable(
        name=PREFIX + name,
        old=name,
        field=name.lower(),
        convert=convert,
        meaning=meaning,
        kind=kind,
        secret=secret,
        missing=missing,
    )


def _switch(name: str, meaning: str, *, missing: str = "") -> Variable:
    return _variable(name, values.switch, meaning, kind="true or false", missing=missing)


def _count(name: str, meaning: str) -> Variable:
    return _variable(name, values.count, meaning, kind="number")


def _agent(name: str, convert: Callable[[str], object], *, secret: bool = False) -> Variable:
    """Coder's own, without prefix. They are the agent's, and handed on to it."""
    meaning = "Handed on to the init command. " + ("Not seen by builds and hooks." if secret else "")
    missing = _NO_STREAM if name.endswith("_SUBSYSTEM") else ""
    return Variable(
        name=name,
        field=name.lower(),
        convert=convert,
        meaning=meaning.strip(),
        kind="text",
        secret=secret,
        missing=missing,
    )


INIT = (
    _variable(
        "SETUP_SCRIPT",
        values.text,
        "Run as root by `/bin/sh` after the build and the hooks, with `TARGET_USER` and `ENVBUILDER_ENV`: "
        "a file into which it may write `INIT_COMMAND=`, `INIT_ARGS=` and `TARGET_USER=`.",
        secret=True,
    ),
    _variable("INIT_SCRIPT", values.text, "What the init command gets as `-c SCRIPT`.", secret=True),
    _variable("INIT_COMMAND", values.text, "The program that becomes the first process."),
    _variable(
        "INIT_ARGS",
        values.words,
        "Its arguments, split as a shell does, in the place of `-c SCRIPT`.",
        kind="words",
        secret=True,
    ),
)
SOURCE = (
    _variable(
        "GIT_URL",
        values.text,
        "The repository; `#` and a branch, tag, commit or full ref may follow. Empty: what is mounted.",
        secret=True,
    ),
    _count("GIT_CLONE_DEPTH", "So many commits; 0 is all."),
    _switch(
        "GIT_CLONE_SINGLE_BRANCH", "Only the branch that is checked out: the default one where none is named."
    ),
    _switch(
        "GIT_CLONE_THINPACK",
        "",
        missing="git itself agrees with the server on the kind of packs",
    ),
    Variable(
        name=f"{OWN_PREFIX}SUBMODULES",
        field="git_submodules",
        convert=values.switch,
        meaning="moorage's own: clone submodules too. One that fails is told and does not stop the rest.",
        kind="true or false",
    ),
    _variable("GIT_USERNAME", values.text, "The login over HTTP, and the user over ssh.", secret=True),
    _variable("GIT_PASSWORD", values.text, "Password or token over HTTP.", secret=True),
    _variable("GIT_SSH_PRIVATE_KEY_PATH", values.path, "A file with the key for ssh.", kind="path"),
    _variable("GIT_SSH_PRIVATE_KEY_BASE64", values.encoded, "The key itself.", kind="base64", secret=True),
    _variable("GIT_HTTP_PROXY_URL", values.text, "The proxy of the clone.", secret=True),
    _variable("WORKSPACE_BASE_DIR", values.path, "Where the repository's folder is made.", kind="path"),
    _variable(
        "WORKSPACE_FOLDER",
        values.path,
        "The workspace's folder. Empty: the repository's name below the base, or `empty`.",
        kind="path",
    ),
    _variable(
        "SSL_CERT_BASE64",
        values.encoded,
        "Further authorities (PEM), for the clone and for registries.",
        kind="base64",
        secret=True,
    ),
    _switch(
        "INSECURE",
        "Certificates are not checked, for git and for registries, which may speak plain HTTP too.",
    ),
)
BUILD = (
    _variable(
        "DEVCONTAINER_DIR", values.text, "The folder of devcontainer.json, in the workspace's or absolute."
    ),
    _variable("DEVCONTAINER_JSON_PATH", values.text, "The file, in that folder or absolute."),
    _variable("DOCKERFILE_PATH", values.text, "Build this Dockerfile, and do without devcontainer.json."),
    _variable(
        "BUILD_CONTEXT_PATH", values.text, "Its context, in the workspace's folder. Empty: that folder."
    ),
    _variable("FALLBACK_IMAGE", values.text, "Used where there is no configuration, or it cannot be built."),
    _switch("EXIT_ON_BUILD_FAILURE", "End with an error in the place of the fallback image."),
    _variable(
        "BUILD_SECRETS",
        values.pairs,
        "`NAME=value,…` for `RUN --mount=type=secret`.",
        kind="list",
        secret=True,
    ),
    _variable(
        "IGNORE_PATHS",
        values.paths,
        "Paths that the build leaves as they are. What is mounted is left anyway, so there is no default.",
        kind="list",
    ),
    _switch("FORCE_SAFE", "", missing=_OWN_GUARD),
    _switch(
        "SKIP_REBUILD", "Build nothing where this container was built already (it was stopped and started)."
    ),
    _switch(
        "REMOTE_REPO_BUILD_MODE",
        "Build from a new clone, so that local changes of the configuration are of no matter.",
    ),
)
CACHE = (
    _variable("CACHE_REPO", values.text, "Where layers are cached.", missing=_NO_CACHE),
    _variable("LAYER_CACHE_DIR", values.text, "A folder as the cache.", missing=_NO_CACHE),
    _variable("BASE_IMAGE_CACHE_DIR", values.text, "Base images in a folder.", missing=_NO_CACHE),
    _variable("CACHE_TTL_DAYS", values.days, "How long a layer counts.", kind="number", missing=_NO_CACHE),
    _variable(
        "DOCKER_CONFIG_BASE64",
        values.encoded,
        "Registry logins as docker's config.json; before `DOCKER_CONFIG` and `/.envbuilder/config.json`.",
        kind="base64",
        secret=True,
    ),
    _switch("PUSH_IMAGE", "Push the image that was built.", missing=_NOT_PUSHED),
    _switch("EXIT_ON_PUSH_FAILURE", "Refused with PUSH_IMAGE.", missing=_NOT_PUSHED),
    _switch("GET_CACHED_IMAGE", "Refused: images are not pushed yet."),
    _variable("BINARY_PATH", values.text, "", missing="an image does not carry the builder"),
)
RUN = (
    _variable(
        "EXPORT_ENV_FILE", values.path, "Write the environment there as NAME=value, a line each.", kind="path"
    ),
    _variable(
        "POST_START_SCRIPT_PATH",
        values.path,
        "Write postStartCommand there as a script in the place of running it.",
        kind="path",
    ),
    _switch("VERBOSE", "", missing="all that there is to say is said anyway"),
    _agent("CODER_AGENT_URL", values.text),
    _agent("CODER_AGENT_TOKEN", values.text, secret=True),
    _agent("CODER_AGENT_SUBSYSTEM", values.names),
)
GROUPS = {
    "What starts": INIT,
    "The repository": SOURCE,
    "What is built": BUILD,
    "Registries and caches": CACHE,
    "At run time": RUN,
}
VARIABLES: tuple[Variable, ...] = tuple(variable for group in GROUPS.values() for variable in group)
