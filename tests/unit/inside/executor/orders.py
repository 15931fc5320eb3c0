"""Orders and base images for tests that need no registry."""

from __future__ import annotations

from typing import Any

from moorage.dockerfile.parse import parse
from moorage.inside.executor.configuration import Configuration, of_image
from moorage.inside.executor.order import Order
from moorage.inside.executor.recipe import Base, recipe
from moorage.inside.executor.step import StagePlan

PLATFORM = "linux/amd64"


def order(text: str, **fields: Any) -> Order:
    return Order(dockerfile=parse(text), platform=PLATFORM, **fields)


def image(**config: Any) -> Configuration:
    return of_image({"os": "linux", "architecture": "amd64", "config": config}, "base")


def planned(text: str, base: Configuration | None = None, **fields: Any) -> tuple[StagePlan, ...]:
    known = {Base("base", PLATFORM): base or image()}
    return recipe(order(text, **fields), known, "2026-01-01T00:00:00Z")
