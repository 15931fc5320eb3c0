"""A workspace's pod while it is put together. Later settings win, lists grow; nothing is refused twice."""

from __future__ import annotations

from .known import Known
from .options import Options
from .values import Json


class Draft:
    """`pod` and `container` are parts of the pod's spec in Kubernetes' own words.

    `claims` by name with their size; `filled` are volumes that start with what the image has at a path.
    """

    def __init__(self, workspace: str, options: Options, known: Known) -> None:
        self.workspace = workspace
        self.options = options
        self.known = known
        self.pod: Json = {}
        self.container: Json = {}
        self.pod_security: Json = {}
        self.security: Json = {}
        self.environment: dict[str, str] = {}
        self.annotations: dict[str, str] = {}
        self.pod_annotations: dict[str, str] = {}
        self.volumes: dict[str, Json] = {}
        self.mounts: dict[str, Json] = {}
        self.claims: dict[str, str] = {}
        self.filled: dict[str, str] = {}
        self.ports: dict[tuple[int, str], Json] = {}
        self.requests: dict[str, str] = {}
        self.limits: dict[str, str] = {}
        self.node_selector: dict[str, str] = {}
        self.architecture = ""
        self.user = ""
        self.entrypoint: str | None = None
        self.refusals: dict[str, None] = {}
        self.warnings: dict[str, None] = {}

    def refuse(self, text: str) -> None:
        self.refusals[text] = None

    def warn(self, text: str) -> None:
        self.warnings[text] = None

    def append(self, place: Json, key: str, value: object) -> None:
        held = place.setdefault(key, [])
        assert isinstance(held, list)
        held.append(value)

    def part(self, place: Json, key: str) -> Json:
        held = place.setdefault(key, {})
        assert isinstance(held, dict)
        return held

    def mount(self, volume: str, target: str, *, read_only: bool = False, sub_path: str = "") -> None:
        """One mount for each target: a later one takes an earlier one's place."""
        found: Json = {"name": volume, "mountPath": target}
        if read_only:
            found["readOnly"] = True
        if sub_path:
            found["subPath"] = sub_path
        self.mounts[target.rstrip("/") or "/"] = found

    def expose(self, port: int, protocol: str = "TCP") -> None:
        self.ports[port, protocol] = {"containerPort": port, "protocol": protocol}
