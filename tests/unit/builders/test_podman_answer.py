"""What Podman's builder prints, as steps and as the reason of a failure."""

from __future__ import annotations

import json

from moorage.builders.engine.explain import explain
from moorage.builders.engine.progress import Progress
from moorage.builders.podman.answer import Answer
from moorage.spec.build import BuildSpec
from tests.unit.builders.recorder import Recorder

OUTPUT = """\
[1/2] STEP 1/2: FROM debian AS one
Trying to pull docker.io/library/debian:latest...
Getting image source signatures
Copying blob sha256:7b5f39db5ea8
[1/2] STEP 2/2: RUN ["/bin/sh","-c","echo hi\\n"]
--> Using cache b2283b45215db3799f9e940522054c33ef10b46adf928542236bb62eefc00254
--> b2283b45215
[2/2] STEP 1/3: FROM 9d3e9027a44
[2/2] STEP 2/3: RUN make
compiled
--> 9d3e9027a44
[2/2] STEP 3/3: LABEL "dev.moorage.image-inputs"="{}"
--> 3edb9c0bb44
[2/2] COMMIT docker.io/moorage/devcontainer:x
Successfully tagged docker.io/moorage/devcontainer:x
131155f1b25f85159912dd8b5ee027375d3eb324dedbbe4a49ed1349c88b5e11
"""
ORIGINALS = {'RUN ["/bin/sh","-c","echo hi\\n"]': "RUN <<EOF"}
SPEC = BuildSpec(
    tag="t:1", dockerfile="FROM debian\nRUN make\nCOPY a /\n", dockerfile_name="Dockerfile", context="/c"
)


def _taken(text: str, *, plain: bool) -> tuple[Recorder, Progress, Answer]:
    recorder = Recorder()
    progress = Progress(recorder, "b")
    answer = Answer(progress, ORIGINALS)
    for line in text.splitlines(keepends=True):
        if plain:
            answer.plain(line.encode())
        else:
            answer.feed(json.dumps({"stream": line}).encode() + b"\n")
    return recorder, progress, answer


def test_steps_as_they_were_written() -> None:
    for plain in (True, False):
        recorder, progress, answer = _taken(OUTPUT, plain=plain)
        assert answer.ended()
        assert recorder.started == [
            "[stage-1 1/2] FROM debian AS one",
            "[stage-1 2/2] RUN <<EOF",
            "[stage-2 1/3] FROM 9d3e9027a44",
            "[stage-2 2/3] RUN make",
        ]
        assert recorder.lines == ["compiled"]
        assert [outcome for _, outcome, _ in recorder.ended] == ["done", "skipped", "done", "done"]
        assert progress.cached == 1


def test_an_exit_code_and_its_line() -> None:
    _, progress, answer = _taken("STEP 2/3: RUN make\nno rule\n", plain=False)
    said = 'building at STEP "RUN make": while running runtime: exit status 2\n'
    answer.feed(json.dumps({"error": said}).encode())
    assert not answer.ended()
    assert explain(SPEC, progress.failure()).message == "Dockerfile:2: RUN make ended with exit code 2."


def test_a_file_that_is_not_there() -> None:
    said = 'Error: building at STEP "COPY a /": checking on sources under "/var/tmp/x": copier: stat: "/a": '
    _, progress, answer = _taken(f"STEP 3/3: COPY a /\n{said}no such file or directory\n", plain=True)
    answer.failed(125)
    assert not answer.ended()
    error = explain(SPEC, progress.failure())
    assert error.message == 'Dockerfile:3: COPY a / failed: "/a": not found.'
    assert ".dockerignore" in error.hint


def test_a_program_that_ends_without_a_word() -> None:
    _, progress, answer = _taken("STEP 2/3: RUN make\n", plain=True)
    answer.failed(125)
    assert not answer.ended()
    assert "125" in explain(SPEC, progress.failure()).message
