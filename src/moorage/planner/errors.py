"""What the planner refuses, before anything is created."""

from __future__ import annotations

from moorage.errors import ConfigurationError, RefusedError


class FeaturesNotYet(RefusedError):
    """The configuration uses Features, which this version does not install."""

    code = "features-unsupported"


class ComposeNotYet(RefusedError):
    """The configuration uses Compose, which this version does not run."""

    code = "compose-unsupported"


class HostCommandRefused(RefusedError):
    """A cloned repository wants to run a command on this machine and nobody agreed (design promise 8)."""

    code = "host-command-refused"


class NameInUse(RefusedError):
    """Another source's workspace has this name."""

    code = "name-in-use"


class MountUnsupported(ConfigurationError):
    """A mount that this source or driver cannot have."""

    code = "mount-unsupported"


class NotSupportedHere(RefusedError):
    """The driver refuses the specification; the evidence lists every reason."""

    code = "unsupported"
