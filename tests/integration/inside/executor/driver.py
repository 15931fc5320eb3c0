"""Runs in the builder's container: builds one order after the other in its root, and tells how each looks."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from typing import Any

import msgspec
from looks import look

from moorage.errors import MoorageError
from moorage.inside.executor.build import build
from moorage.inside.executor.images import RegistryImages
from moorage.inside.executor.place import here
from moorage.inside.executor.verb import _decoded, _order
from moorage.oci.client import Client
from moorage.oci.configuration import Registries


async def main() -> None:
    asked = json.load(sys.stdin)
    place = here()
    async with Client(Registries(insecure=frozenset(asked["insecure"]))) as client:
        images = RegistryImages(client)
        for name, order in asked["orders"].items():
            told = await one(order, place, images)
            print(json.dumps({"name": name, **told}), flush=True)


async def one(order: dict[str, Any], place: Any, images: RegistryImages) -> dict[str, Any]:
    lines: list[str] = []
    try:
        built = await build(_order(_decoded(json.dumps(order).encode())), place, images, lines.append)
    except MoorageError as error:
        return {"error": error.code, "message": error.message, "evidence": error.evidence, "lines": lines}
    except Exception:
        return {"error": "defect", "message": traceback.format_exc(), "evidence": [], "lines": lines}
    config = json.loads(msgspec.json.encode(built.config))
    return {"config": config, "files": look("/"), "lines": lines}


asyncio.run(main())
