"""Causes from what a real cluster (Kubernetes 1.36) showed: recorded by tests/integration/kubernetes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from moorage.drivers.kubernetes.causes.find import cause
from moorage.drivers.kubernetes.causes.reading import Claim, Deployment, Event, Pod, Seen
from moorage.drivers.kubernetes.observing import current

RECORDED = sorted(Path(__file__).with_name("recorded").glob("*.json"))
FROM_THE_REQUEST = {"limit-range-claim", "quota-claim"}


class Recorded(msgspec.Struct):
    pods: tuple[Pod, ...]
    claims: tuple[Claim, ...]
    deployments: tuple[Deployment, ...]
    events: tuple[Event, ...]


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_what_a_cluster_showed_is_named(file: Path) -> None:
    found = msgspec.json.decode(file.read_bytes(), type=Recorded)
    seen = Seen(
        deployment=next(iter(found.deployments), None),
        pod=current(found.pods),
        events=found.events,
        claims=found.claims,
    )
    named = cause(seen)
    assert named is not None
    assert named.code == file.stem


def test_something_is_recorded() -> None:
    assert len(RECORDED) >= 15
