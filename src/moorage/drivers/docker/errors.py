"""What only the docker driver refuses or fails with."""

from __future__ import annotations

from ...errors import EngineError, RefusedError, UsageError


class BadOption(UsageError):
    """A driver option is unknown, or its value is not what it takes."""

    code = "driver-option"


class BadRunArgs(RefusedError):
    """`runArgs`, or a mount, port or security option, holds something that `docker run` would not take."""

    code = "run-args"


class StartFailed(EngineError):
    """The container exists but its first process could not be started."""

    code = "container-start"


class StoppedAtOnce(EngineError):
    """The container's first process ended right after its start."""

    code = "container-ended"


class ProjectTaken(RefusedError):
    """Another workspace is the same service of the same Compose project."""

    code = "compose-project-taken"


class DependencyFailed(EngineError):
    """A service that others of its Compose project wait for did not become ready."""

    code = "compose-dependency"


class HelperFailed(EngineError):
    """A helper container could not be brought to run."""

    code = "helper-container"


class NotInstalled(EngineError):
    """The engine could not be installed on this machine."""

    code = "engine-install"
