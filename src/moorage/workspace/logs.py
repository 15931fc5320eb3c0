"""What was printed in a workspace: by its hooks, kept by the runner, and by its container's main process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from moorage.engine.client import quoted
from moorage.engine.frames import Misframed, Splitter
from moorage.engine.ustar import files
from moorage.lifecycle.conversation import Conversation, Following
from moorage.lifecycle.log import Begun, Ended, Line, Printed, Reader, Record, kept
from moorage.spec import journal
from moorage.spec.observation import Container, Observation
from moorage.workspace.settings import remote_user, settings
from moorage.workspace.site import Site


async def hook_lines(container: Container, site: Site) -> tuple[Line, ...]:
    """All that the runner keeps of this container's hooks, oldest run first; also of a stopped container."""
    archive = await site.driver.inside(container.id).read(journal.logs(container.id))
    return tuple(kept(files(archive))) if archive else ()


async def follow_hooks(seen: Observation, site: Site, *, tail: int | None = None) -> AsyncIterator[Line]:
    """What is kept, and then, where hooks are at work, what they print until they are done.

    `tail` leaves out all but the last lines of what is kept; the run at work is told from its beginning.
    """
    container = seen.container
    if container is None:
        return
    kept_lines = await hook_lines(container, site)
    if not seen.journal.running or container.state != "running":
        for line in last(kept_lines, tail):
            yield line
        return
    user = remote_user(await settings(container, site), container)
    inside = site.driver.inside(container.id)
    talk = await Conversation.begin(inside, "run", instance=container.id, user=user, probe="none")
    async with talk:
        answer = await talk.answer()
        following = answer if isinstance(answer, Following) else None
        before = [line for line in kept_lines if following is None or line.run < following.run]
        for line in last(before, tail):
            yield line
        if following is None:
            return
        telling = _Telling(following.run, Reader(following.token))
        async for data in talk.rest():
            for line in telling.feed(data):
                yield line


def last(lines: Sequence[Line], tail: int | None) -> Sequence[Line]:
    """The last lines; all of them for None."""
    return lines if tail is None else lines[max(0, len(lines) - tail) :]


async def container_output(
    container: str, site: Site, *, tail: int | None, follow: bool
) -> AsyncIterator[bytes]:
    """What the container's main process wrote, as it was written. Raises EngineError."""
    query = {"stdout": True, "stderr": True, "follow": follow, "tail": "all" if tail is None else tail}
    splitter = Splitter()
    async with site.engine.open("GET", f"/containers/{quoted(container)}/logs", query) as answer:
        try:
            async for data in answer.pieces():
                for _, piece in splitter.feed(data):
                    yield piece
        except Misframed:  # a container with a terminal of its own writes without frames
            yield data
            async for data in answer.pieces():
                yield data


class _Telling:
    """Turns the log of one run into lines while it grows."""

    def __init__(self, run: int, reader: Reader) -> None:
        self._run = run
        self._reader = reader
        self._keys: dict[int, str] = {}
        self._current = ""

    def feed(self, data: bytes) -> list[Line]:
        told = (self._line(record) for record in self._reader.feed(data))
        return [line for line in told if line is not None]

    def _line(self, record: Record) -> Line | None:
        match record:
            case Begun(number, key):
                self._keys[number] = self._current = key
                return Line(run=self._run, key=key, text=key, heading=True)
            case Printed(number, text):
                return Line(run=self._run, key=self._keys.get(number, self._current), text=text)
            case Ended(number, code, _) if code:
                key = self._keys.get(number, "")
                return Line(run=self._run, key=key, text=f"{key} failed with exit code {code}", heading=True)
            case _:
                return None
