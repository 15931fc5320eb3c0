from __future__ import annotations

from moorage.builders.cluster.pod import Pod, Status
from moorage.kube import objects
from moorage.spec import names
from moorage.workspace.clustergc import LeaseSeen, LeaseSpec, Seen, decide

NOW = 1_800_000_000.0
JUST_NOW, LONG_AGO = "2027-01-15T07:59:00.000000Z", "2027-01-14T00:00:00Z"


def metadata(name: str, role: str = "builder", made: str = LONG_AGO) -> objects.Metadata:
    return objects.Metadata(
        name=name, namespace="n", uid=f"uid-{name}", creationTimestamp=made, labels={names.ROLE: role}
    )


def pod(name: str, phase: str, role: str = "builder") -> Pod:
    return Pod(metadata=metadata(name, role), status=Status(phase))


def told(seen: Seen, *, caches: bool = False) -> list[tuple[str, str]]:
    return [(each.told.kind, each.told.name) for each in decide(seen, caches=caches)]


def test_pods_that_have_ended() -> None:
    phases = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
    pods = tuple(pod(each.lower(), each) for each in phases)
    assert told(Seen(pods=pods, now=NOW)) == [("builder", "n/succeeded"), ("builder", "n/failed")]
    assert told(Seen(pods=(pod("h", "Succeeded", "helper"),), now=NOW)) == [("helper", "n/h")]


def test_leases_without_a_sign_of_their_holder() -> None:
    times = {"alive": JUST_NOW, "dead": LONG_AGO, "never": None, "strange": "soon"}
    leases = tuple(LeaseSeen(metadata(name), LeaseSpec(time)) for name, time in times.items())
    assert told(Seen(leases=leases, now=NOW)) == [
        ("lease", "n/dead"),
        ("lease", "n/never"),
        ("lease", "n/strange"),
    ]


def test_caches_that_no_builder_has_and_that_are_asked_for() -> None:
    claims = tuple(
        objects.Head(metadata=metadata(name, made=made))
        for name, made in (
            ("used", LONG_AGO),
            ("starting", JUST_NOW),
            ("ended", LONG_AGO),
            ("left", LONG_AGO),
        )
    )
    seen = Seen(pods=(pod("used", "Running"), pod("ended", "Succeeded")), claims=claims, now=NOW)
    assert told(seen) == [("builder", "n/ended")]
    assert told(seen, caches=True) == [
        ("builder", "n/ended"),
        ("build-cache", "n/ended"),
        ("build-cache", "n/left"),
    ]
