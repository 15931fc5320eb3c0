"""What the Kubernetes driver says of a spec before anything is created. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec.run import RunSpec
from ..base import Verdict
from .known import Known
from .options import Options
from .render import drafted
from .values import BadValue


def verdict(spec: RunSpec, options: Options, known: Known) -> Verdict:
    """Every reason to refuse, and every warning, in one look."""
    draft = drafted(spec, options, known)
    try:
        from .objects.pod import template
        from .overlay import over_template

        over_template(template(draft, spec, ""), options.pod_template)
    except BadValue as error:
        draft.refuse(f"{error}.")
    for text in _refusals(spec, known, draft.security.get("runAsUser")):
        draft.refuse(text)
    for text in _warnings(spec, options, known):
        draft.warn(text)
    return Verdict(refusals=tuple(draft.refusals), warnings=tuple(draft.warnings))


def _refusals(spec: RunSpec, known: Known, runs_as: object) -> Iterator[str]:
    """`runs_as`: the container's user, where the pod says it; the option securityContext goes before all."""
    if not spec.override_command and not known.command and "--entrypoint" not in " ".join(spec.extras):
        yield "overrideCommand is false, but the image has no command of its own that could be run."
    user, remote = known.user, known.remote
    overridden = user is not None and runs_as not in (None, user.uid)
    if user is not None and user.uid and remote is not None and remote.uid != user.uid and not overridden:
        yield (
            f"The container runs as {user.name or user.uid}, so nothing in it can become the remote user "
            f"{remote.name or remote.uid}. Let containerUser be root or the same as remoteUser."
        )


def _warnings(spec: RunSpec, options: Options, known: Known) -> Iterator[str]:
    if spec.content.kind == "none":
        yield "The workspace has no claim of its own: what is written in it is lost when it stops."
    if options.access_mode == "ReadWriteMany":
        yield "Claims that several nodes can write to are slower than others with most storage."
    if options.home_volume and known.level == "restricted":
        yield "The home volume is filled by the remote user: files that only root can read are not in it."
