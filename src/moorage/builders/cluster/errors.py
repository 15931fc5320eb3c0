"""What can go wrong with a builder in the cluster, beside what can go wrong with any build."""

from __future__ import annotations

from moorage.errors import ConfigurationError, EngineError, RefusedError


class BuilderForbidden(RefusedError):
    """The namespace does not allow a pod that builds, or we may not create one there."""

    code = "builder-forbidden"


class BuilderFailed(EngineError):
    """The pod that builds does not come up, or was lost in the middle of a build."""

    code = "builder-failed"


class BuildUnsupportedHere(ConfigurationError):
    """The build asks for something that a builder in the cluster cannot give."""

    code = "cluster-build-unsupported"
