"""What the planner refuses, before anything is created."""

from __future__ import annotations

from moorage.errors import ConfigurationError, RefusedError


class ComposeNotYet(RefusedError):
    """Compose is used by a repository that is to be cloned, or in a cluster: not in this version."""

    code = "compose-unsupported"


class BuildUnsupported(RefusedError):
    """A service's build says something that moorage's own builds cannot do."""

    code = "compose-build-unsupported"


class BuildRefused(RefusedError):
    """The configuration needs an image that nobody has yet, and nothing here may build one."""

    code = "build-refused"


class HostCommandRefused(RefusedError):
    """A cloned repository wants to run a command on this machine and nobody agreed (design promise 8)."""

    code = "host-command-refused"


class NameInUse(RefusedError):
    """Another source's workspace has this name."""

    code = "name-in-use"


class MountUnsupported(ConfigurationError):
    """A mount that this source or driver cannot have."""

    code = "mount-unsupported"


class RunArgsUnsupported(RefusedError):
    """Limits and the like from outside, for a workspace that is a Compose project."""

    code = "run-args-unsupported"


class NotSupportedHere(RefusedError):
    """The driver refuses the specification; the evidence lists every reason."""

    code = "unsupported"
