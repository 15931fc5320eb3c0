"""Names of a workspace's objects: all derive from its id, so that names are the lock (design section 7)."""

from __future__ import annotations

import re
from hashlib import sha256

from ...spec import names

_PREFIX = "moorage-"
_OURS = r"moorage-([0-9a-z]+)(?:-[0-9a-z]+-[0-9a-z]+(?:_[0-9a-f]{8})?)?"

MANAGED_BY = "app.kubernetes.io/managed-by"
FIELD_MANAGER = "moorage"
STARTED = "dev.moorage.started"
"""On the Deployment: it has been started at least once."""
OWN_COMMAND = "dev.moorage.own-command"
"""On the pod: its container runs the image's own command, which may end."""
ENVIRONMENT_HASH = "dev.moorage.environment"
"""On the pod: a hash of what its Secret holds, so that a change of it makes a new pod."""
CONTAINER = "devcontainer"
CLONE = "clone"
POPULATE = "populate"


def root(workspace: str) -> str:
    """Of the root ConfigMap, the Deployment, the claim of the files, the ServiceAccount and its binding."""
    return _PREFIX + workspace


def workspace_of(container: str) -> str:
    """The workspace's id in a name that `root` made, a pod's, or an instance's; "" for any other text."""
    match = re.fullmatch(_OURS, container)
    return match[1] if match else ""


def home(workspace: str) -> str:
    return f"{root(workspace)}-home"


def volume(workspace: str, source: str) -> str:
    """The claim of one volume mount: by what the volume is called, never by its place in a list."""
    return f"{root(workspace)}-{sha256(source.encode()).hexdigest()[:10]}"


def scripts(workspace: str) -> str:
    return f"{root(workspace)}-scripts"


def environment(workspace: str) -> str:
    return f"{root(workspace)}-environment"


def clone(workspace: str) -> str:
    return f"{root(workspace)}-clone"


def logins(workspace: str) -> str:
    return f"{root(workspace)}-logins"


def plan(workspace: str) -> str:
    return f"{root(workspace)}-plan"


def secrets(workspace: str) -> tuple[str, ...]:
    """All that a workspace may have: nobody has to be allowed to list Secrets."""
    return environment(workspace), clone(workspace), logins(workspace), plan(workspace)


def binding(workspace: str, role: str, account: str) -> str:
    """A binding cannot be changed to another role, so each has a name of its own."""
    return f"{root(workspace)}-{sha256(f'{role}/{account}'.encode()).hexdigest()[:10]}"


def selector(workspace: str) -> dict[str, str]:
    """The labels by which the Deployment knows its pods."""
    return {names.ID: workspace, names.ROLE: "workspace"}


def instance_pod(instance: str) -> str:
    """The pod's name in an instance (`start.sh` makes them: pod, "_", eight digits); "" for other texts."""
    pod, mark, _ = instance.rpartition("_")
    return pod if mark else ""
