"""What only the Kubernetes driver refuses or fails with."""

from __future__ import annotations

from ...errors import DeadlineError, EngineError, RefusedError, UsageError


class BadOption(UsageError):
    """An option of the Kubernetes driver is unknown, or its value is not what it takes."""

    code = "kubernetes-option"


class NotPossible(RefusedError):
    """The configuration asks for something that a pod cannot be given, here or anywhere."""

    code = "kubernetes-refused"


class WorkspaceFailed(EngineError):
    """The pod does not come up, and waiting longer would not help. Its cause's code is in `cause`."""

    code = "pod-failed"

    def __init__(self, message: str, *, cause: str, evidence: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, evidence=evidence, hint=hint)
        self.cause = cause


class WorkspaceLate(DeadlineError):
    """The pod did not come up within `podTimeout`; what it last waited for is the evidence."""

    code = "pod-late"


class WorkspaceGone(EngineError):
    """There is no such workspace in this namespace, or it was deleted in the middle."""

    code = "workspace-gone"


class NotRunning(EngineError):
    """The workspace has no running pod, so nothing can be run or read in it."""

    code = "pod-not-running"


class NoTar(EngineError):
    """Files go in and out of a pod by tar, and the workspace's image has none."""

    code = "pod-no-tar"
