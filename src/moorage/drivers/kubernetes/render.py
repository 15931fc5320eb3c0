"""From a RunSpec and options to the objects of a workspace: `rendered`, for up and plan alike. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from ...spec import names
from ...spec.run import RunSpec, recorded
from . import dockerforms, mounts, naming, overlay, runargs, security, values
from .draft import Draft
from .errors import NotPossible
from .known import Known
from .objects.claims import claims
from .objects.deployment import deployment
from .objects.namespace import namespace
from .objects.pod import template
from .objects.rights import rights
from .objects.root import root
from .objects.scripts import scripts
from .objects.secrets import hidden, secrets
from .options import Options
from .values import BadValue, Json

WORKSPACE_VOLUME, HOME_VOLUME = "workspace", "home"


def rendered(spec: RunSpec, options: Options, known: Known) -> tuple[Json, ...]:
    """All objects in the order in which they are made; the root is the one that owns the others.

    Raises NotPossible with every reason at once.
    """
    draft = drafted(spec, options, known)
    pod = _pod(draft, spec)
    if draft.refusals:
        raise NotPossible(
            "This configuration asks for something that a pod of this cluster cannot be given.",
            evidence=tuple(draft.refusals),
            hint="Change these properties or options; nothing was created.",
        )
    return (
        *((namespace(known.namespace),) if options.create_namespace else ()),
        root(draft),
        scripts(draft),
        *claims(draft),
        *secrets(draft),
        *rights(draft),
        deployment(draft, pod),
    )


def drafted(spec: RunSpec, options: Options, known: Known) -> Draft:
    """The pod before it has its form, with refusals and warnings."""
    draft = Draft(spec.workspace, options, known)
    try:
        _describe(spec, draft)
        runargs.apply(spec.extras, draft)
        _finish(spec, draft)
    except BadValue as error:
        draft.refuse(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    return draft


def user_of(spec: RunSpec, options: Options) -> str:
    """Whom the container runs as by the configuration and its runArgs; "" leaves it to the image."""
    return drafted(spec, options, Known()).user


def content_folder(spec: RunSpec) -> str:
    """Where the project's files are, if they are on the claim."""
    return spec.content.target.rstrip("/") if spec.content.kind != "none" else ""


def shown(objects: Iterable[Json]) -> str:
    """The objects as YAML for people: values of Secrets are not in it, texts of several lines are blocks."""
    import yaml  # only what is printed needs it

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    safe = [hidden(each) if each["kind"] == "Secret" else each for each in objects]
    return yaml.dump_all(
        safe, Dumper=Dumper, sort_keys=False, explicit_start=True, allow_unicode=True, width=110
    )


def _pod(draft: Draft, spec: RunSpec) -> Json:
    try:
        return overlay.over_template(template(draft, spec, content_folder(spec)), draft.options.pod_template)
    except BadValue as error:
        draft.refuse(f"{error}.")
        return {}


def _describe(spec: RunSpec, draft: Draft) -> None:
    """What comes before runArgs, so that they can say otherwise."""
    draft.annotations |= {names.ID: spec.workspace, **dict(spec.labels), names.SPEC: recorded(spec)}
    draft.environment |= dict(spec.environment)
    draft.user = spec.user
    _need(spec, draft)
    _files(spec, draft)
    for mount in spec.mounts:
        mounts.add(draft, mount)
    for port in spec.ports:
        for number, protocol in dockerforms.ports(port.text):
            draft.expose(number, protocol)
            draft.warn(
                f"appPort {port.text} publishes nothing on this machine; `moorage forward {number}` does."
            )


def _need(spec: RunSpec, draft: Draft) -> None:
    """hostRequirements are what the pod asks of its node."""
    if spec.resources.cpus:
        draft.requests["cpu"] = str(spec.resources.cpus)
    if spec.resources.memory:
        draft.requests["memory"] = values.in_bytes(spec.resources.memory)
    if spec.gpu:
        draft.limits[draft.options.gpu_resource] = "1"


def _files(spec: RunSpec, draft: Draft) -> None:
    """The claim is mounted one level above the project, so that what is complete can be renamed."""
    folder, options = content_folder(spec), draft.options
    if spec.stack is not None:
        draft.refuse(
            "dockerComposeFile describes several containers, which a workspace in a cluster cannot have."
        )
    if folder:
        if folder.count("/") < 2:
            raise BadValue(f"the project's files cannot be at {folder}, directly under the root folder")
        _claim(
            draft,
            WORKSPACE_VOLUME,
            naming.root(draft.workspace),
            _size(spec, options),
            posixpath.dirname(folder),
        )
    if options.home_volume:
        home = draft.known.remote.home if draft.known.remote else _usual_home(spec.remote_user)
        if not home.startswith("/") or home == "/":
            raise BadValue(
                "the option homeVolume needs a remote user with a home folder, which the image has not"
            )
        size = options.home_volume_size or options.persistent_volume_size
        mounts.claim(draft, HOME_VOLUME, naming.home(draft.workspace), size)
        draft.filled[HOME_VOLUME] = home
        draft.mount(HOME_VOLUME, home, sub_path="data")


def _usual_home(user: str) -> str:
    """Where a user of this name nearly always lives; "" where there is only a number."""
    name = user.partition(":")[0]
    if name in ("", "root", "0"):
        return "/root"
    return "" if name.isdecimal() or "/" in name else f"/home/{name}"


def _claim(draft: Draft, volume: str, name: str, size: str, target: str) -> None:
    mounts.claim(draft, volume, name, size)
    draft.mount(volume, target)


def _size(spec: RunSpec, options: Options) -> str:
    wanted = options.persistent_volume_size
    asked = spec.resources.storage
    return values.in_bytes(asked) if asked > values.amount(wanted) else wanted


def _finish(spec: RunSpec, draft: Draft) -> None:
    """What comes after runArgs, as with an engine: later settings of the configuration, then the options."""
    security.describe(draft, spec)
    if spec.init:
        draft.pod["shareProcessNamespace"] = True
    security.identify(draft)
    if draft.options.security_context:
        found = overlay.merged(draft.security, draft.options.security_context)
        assert isinstance(found, dict)
        draft.security = found
    security.restrict(draft)
    for text in (*_unreachable(draft), *_contradictions(draft)):
        draft.refuse(text)
    for name in [name for name in draft.environment if not _is_key(name)]:
        draft.refuse(
            f"The variable {name!r} cannot be kept in a Secret: a name has letters, digits, '_', '-', '.'."
        )


def _contradictions(draft: Draft) -> Iterator[str]:
    requests = {**draft.requests, **dict(draft.options.requests)}
    limits = {**draft.limits, **dict(draft.options.limits)}
    for name, value in requests.items():
        if name in limits and values.amount(value) > values.amount(limits[name]):
            yield f"The pod would request {value} of {name}, which is above its limit of {limits[name]}."


def _unreachable(draft: Draft) -> Iterator[str]:
    """What a clone in the cluster would need of this machine."""
    program = draft.known.clone
    if program is None:
        return
    if program.host_paths or program.needs_host_network:
        yield "The repository is on this machine, which the cluster cannot reach. Use its folder instead."
    elif program.needs_ssh_agent:
        yield (
            "The repository is reached by ssh with the keys of this machine's agent, which a pod cannot ask. "
            "Use its https:// address, with a login that git knows."
        )


def _is_key(name: str) -> bool:
    return bool(name) and all(
        character.isascii() and (character.isalnum() or character in "_-.") for character in name
    )
