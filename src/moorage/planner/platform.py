"""What images are built for: what was asked for, else what the place where they run is."""

from __future__ import annotations

from moorage.planner.facts import Facts
from moorage.planner.questions import AskEngine
from moorage.planner.request import Request
from moorage.spec.observation import EngineFacts

USUAL = "linux/amd64"


def platform(request: Request, facts: Facts) -> str:
    """Such as `linux/amd64`: in the image key, and in TARGETPLATFORM and its kin (Dockerfile reference)."""
    return request.platform or own(facts.need(AskEngine(), EngineFacts))


def unknown(request: Request) -> tuple[AskEngine, ...]:
    """What `platform` is going to ask for: whoever asks for more does it in the same round."""
    return () if request.platform else (AskEngine(),)


def own(engine: EngineFacts) -> str:
    """Where nobody may see what the place is, it is what nearly all are."""
    return engine.platform if not engine.platform.endswith("/") else USUAL
