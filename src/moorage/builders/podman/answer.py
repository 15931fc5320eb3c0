"""What Podman's builder prints, as the records that BuildKit's output becomes: one vertex for each STEP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from moorage.builders.engine.progress import Log, Progress, Vertex
from moorage.builders.podman.rewriting import squeezed
from moorage.spec import names

_STEP = re.compile(r"(?:\[(\d+)/\d+\] )?STEP (\d+)/(\d+): (.*)", re.S)
_CHATTER = re.compile(
    r"--> (?:Pushing|[0-9a-f]{10,})|(?:\[\d+/\d+\] )?COMMIT |Successfully (?:tagged|built) |[0-9a-f]{64}$"
    r"|Resolving |Resolved |Trying to pull |Getting image source|Copying |Writing manifest|Storing signatures"
)
_OWN = f'LABEL "{names.IMAGE_INPUTS}"='
"""The labels that we ask for become the last instruction."""
_FAILED = re.compile(r"(?:Error: )?(?:building at STEP |creating build container|error building)", re.S)
_WRAPPED = re.compile(r'^(?:Error: )?(?:building at STEP "(?:[^"\\]|\\.)*": |creating build container: )')


class _Message(msgspec.Struct):
    stream: str = ""
    error: str = ""


_DECODER = msgspec.json.Decoder(_Message)


class Answer:
    """Takes the API's JSON lines with `feed`, or the program's plain ones with `plain`.

    `originals`: instructions as the user wrote them, by the form in which Podman has them.
    """

    def __init__(self, progress: Progress, originals: Mapping[str, str]) -> None:
        self._progress = progress
        self._originals = originals
        self._rest = b""
        self._step = ""
        self._since = _now()
        self._cached = False
        self._error = ""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._message(line)

    def plain(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._printed(line.decode("utf-8", "replace"))

    def ended(self) -> bool:
        """Whether it ended well; what was begun has ended too."""
        self._message(self._rest)
        self._rest = b""
        if not self._error:
            self._finish()
        return not self._error

    def failed(self, code: int) -> None:
        """The program ended with this exit code; what it printed last says why."""
        if self._rest:
            self._printed(self._rest.decode("utf-8", "replace"))
            self._rest = b""
        self._fail(f"podman build ended with exit code {code}")

    def _message(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = _DECODER.decode(line)
        except msgspec.MsgspecError:
            self._progress.say(line.decode("utf-8", "replace"))
            return
        if message.error:
            self._fail(message.error)
        for text in message.stream.splitlines():
            self._output(text)

    def _printed(self, text: str) -> None:
        if _FAILED.match(text) or text.startswith("Error: "):
            self._fail(text)
        else:
            self._output(text)

    def _output(self, text: str) -> None:
        match = _STEP.fullmatch(text)
        if match:
            self._begin(match[1] or "1", match[2], match[3], match[4])
        elif text.startswith("--> Using cache"):
            self._cached = True
        elif self._step and text.strip() and not _CHATTER.match(text):
            self._progress.log(Log(vertex=self._step, data=f"{text}\n".encode()))
        elif not self._step:
            self._progress.say(text)

    def _begin(self, stage: str, number: str, total: str, instruction: str) -> None:
        self._finish()
        if instruction.startswith(_OWN):
            return
        self._step, self._cached, self._since = f"{stage}.{number}", False, _now()
        written = self._originals.get(squeezed(instruction), instruction)
        name = f"[stage-{stage} {number}/{total}] {written}"
        self._progress.vertex(Vertex(digest=self._step, name=name, inputs=[""], started=self._since))

    def _finish(self) -> None:
        if not self._step:
            return
        if self._cached:
            self._progress.vertex(Vertex(digest=self._step, cached=True))
        else:
            self._progress.vertex(Vertex(digest=self._step, started=self._since, completed=_now()))
        self._step = ""

    def _fail(self, error: str) -> None:
        if self._error:
            return
        self._error = error
        said = _as_buildkit(error.strip())
        if self._step:
            self._progress.vertex(Vertex(digest=self._step, error=said))
        self._progress.say(f"ERROR: {said}")


def _as_buildkit(error: str) -> str:
    """Buildah's error in the words that `explain` reads."""
    text = _WRAPPED.sub("", error)
    text = re.sub(r".*exit status (\d+)$", r"did not complete successfully: exit code: \1", text, flags=re.S)
    return re.sub(r'.*copier: stat: ("[^"]*"): no such file or directory', r"\1: not found", text, flags=re.S)


def _now() -> datetime:
    return datetime.now(UTC)
