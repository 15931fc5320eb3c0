"""The build itself: stage by stage in the root, each step with its place in the Dockerfile where it fails."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from moorage.errors import MoorageError
from moorage.inside.executor import bases, copies, exchange
from moorage.inside.executor import place as places
from moorage.inside.executor.carry import Carrier
from moorage.inside.executor.configuration import Configuration
from moorage.inside.executor.copying.face import Fetch
from moorage.inside.executor.copying.fetch import Fetcher
from moorage.inside.executor.errors import failed, shown
from moorage.inside.executor.images import Image, Images
from moorage.inside.executor.order import Order
from moorage.inside.executor.place import Place, State
from moorage.inside.executor.recipe import Base, Known, recipe
from moorage.inside.executor.recipe import bases as unknown_bases
from moorage.inside.executor.running.mounted import CACHES
from moorage.inside.executor.step import Origin, StagePlan, Step
from moorage.inside.executor.unseen import hide
from moorage.inside.executor.users import UnknownUser
from moorage.inside.layers.journal import Journal

Say = Callable[[str], None]

_KEPT = (places.MARK, CACHES)


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """The root is the image's, and `config` what a container of it is started with. `base` is the digest of
    what the last stage starts from in the end, "" for scratch.
    """

    config: Configuration
    base: str


async def build(order: Order, place: Place, images: Images, say: Say, fetch: Fetch | None = None) -> Built:
    """Make the root what the Dockerfile says. What it was before is deleted first, and when this raises, it
    is half, which `State` in the store tells.

    Raises every error of a Dockerfile before anything is deleted; then those of the step that failed, with
    its line; and what `images` and `fetch` raise.
    """
    found, plans = await plan(order, images)
    if place.root == "/":
        hide()
    places.tell(place, State())
    await asyncio.to_thread(_tidy, place)
    with Fetcher(place.store) as own:
        building = _Building(order, place, images, found, plans, say, fetch or own)
        try:
            await asyncio.to_thread(building.begin)
            for number in range(len(plans)):
                await building.stage(number)
        except BaseException as error:
            await asyncio.to_thread(_tidy, place)
            places.tell(place, State(root="failed", said=str(error) or type(error).__name__))
            raise
    await asyncio.to_thread(_tidy, place)
    places.tell(place, State(root="whole"))
    return Built(config=plans[-1].final, base=building.base)


async def plan(order: Order, images: Images) -> tuple[dict[Base, Image], tuple[StagePlan, ...]]:
    """The base images, asked side by side, and the recipe. Nothing is written."""
    found: dict[Base, Image] = {}
    while unknown := sorted(unknown_bases(order, _known(found)), key=lambda base: base.reference):
        answers = await asyncio.gather(*(images.find(each.reference, each.platform) for each in unknown))
        found |= dict(zip(unknown, answers, strict=True))
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return found, recipe(order, _known(found), now)


def _known(found: dict[Base, Image]) -> Known:
    return {base: image.configuration for base, image in found.items()}


def _tidy(place: Place) -> None:
    """Stages, downloads and what else is for one build only."""
    for name in os.listdir(place.store):  # noqa: PTH208
        if name not in _KEPT:
            copies.remove(f"{place.store}/{name}")


class _Building:
    """`_current` is the stage that the root is, None where it is none."""

    def __init__(
        self,
        order: Order,
        place: Place,
        images: Images,
        found: dict[Base, Image],
        plans: tuple[StagePlan, ...],
        say: Say,
        fetch: Fetch,
    ) -> None:
        self._order, self._place, self._images, self._found = order, place, images, found
        self._plans, self._say = plans, say
        self._current: int | None = None
        self._digests: dict[int, str] = {}
        self._carrier = Carrier(order, place, images, say, fetch)
        self._journal = Journal(Path(place.store, "root.json"))

    @property
    def base(self) -> str:
        return self._digests[self._plans[-1].index]

    def begin(self) -> None:
        """An empty root, whatever an earlier build has left."""
        exchange.fresh(self._place, self._journal)

    async def stage(self, number: int) -> None:
        """Begin the root anew or go on with it, and carry out its steps."""
        stage = self._plans[number]
        await self._start(number, stage)
        self._current = stage.index
        for count, step in enumerate(stage.steps, 1):
            self._say(f"[{stage.name} {count}/{len(stage.steps)}] {shown(step.instruction)}")
            for note in step.notes:
                self._say(f"  {note}")
            await self._step(step)

    async def _start(self, number: int, stage: StagePlan) -> None:
        """Nothing is copied unless both what was and what becomes of it are needed."""
        if stage.parent is not None and stage.parent == self._current:
            if self._is_needed(stage.parent, number):
                await asyncio.to_thread(exchange.copied, self._place, self._folder(stage.parent))
            self._digests[stage.index] = self._digests[stage.parent]
            return
        if self._current is not None:
            if self._is_needed(self._current, number):
                await asyncio.to_thread(exchange.set_aside, self._place, self._folder(self._current))
            await asyncio.to_thread(exchange.fresh, self._place, self._journal)
        if stage.parent is not None:
            again = self._is_needed(stage.parent, number)
            act = exchange.copy_back if again else exchange.bring_back
            await asyncio.to_thread(act, self._place, self._folder(stage.parent))
            self._digests[stage.index] = self._digests[stage.parent]
        elif stage.image:
            await self._unpack(stage)
        else:
            self._digests[stage.index] = ""

    async def _unpack(self, stage: StagePlan) -> None:
        image = self._found[Base(stage.image, stage.platform)]
        self._say(f"[{stage.name}] unpacking {stage.image} ({len(image.layers)} layers)")
        self._digests[stage.index] = image.digest
        place = self._place
        left = await bases.unpack(
            image, self._images, place, place.root, self._journal, guarded=place.guarded
        )
        guarded = tuple(f"{path}{end}" for path in place.guarded for end in (" ", "/"))
        for line in left:
            if not line.startswith(guarded):  # an image's /dev or /etc/hosts: nobody misses it
                self._say(f"  {line}")

    def _is_needed(self, stage: int, number: int) -> bool:
        """Whether files are taken from a stage from this place on, or another one later continues it."""
        origin = Origin("stage", str(stage))
        return any(origin in each.origins for each in self._plans[number:]) or any(
            each.parent == stage for each in self._plans[number + 1 :]
        )

    async def _step(self, step: Step) -> None:
        """Raises the step's error with its line."""
        file, instruction = self._order.dockerfile.file, step.instruction
        try:
            await self._carrier.carry_out(step)
        except MoorageError as error:
            where = f"{file}:{instruction.line}: {shown(instruction)}"
            error.evidence = (where, *error.evidence)
            raise
        except UnknownUser as error:
            raise failed(file, instruction, str(error), "Make the user in the Dockerfile first.") from error
        except OSError as error:
            raise failed(file, instruction, error.strerror or str(error)) from error

    def _folder(self, stage: int) -> str:
        return self._carrier.stage_folder(str(stage))
