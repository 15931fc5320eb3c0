import json

import pytest

from moorage.builders.engine.answer import Answer
from moorage.builders.engine.legacy import refusals
from moorage.builders.engine.progress import Progress
from moorage.spec.build import BuildSecret, BuildSpec
from tests.unit.builders.recorder import Recorder


def spec(dockerfile="FROM x\n", **more):
    return BuildSpec(tag="t", dockerfile=dockerfile, dockerfile_name="Dockerfile", context="/c", **more)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM x\nRUN <<E\ntrue\nE\n", "Dockerfile:2: a here-document"),
        ("FROM x\nRUN --mount=type=cache,target=/c true\n", "Dockerfile:2: RUN --mount"),
        ("FROM x\n\nCOPY --link a b\n", "Dockerfile:3: COPY --link"),
        ("FROM x\nCOPY --chmod=755 a b\n", "Dockerfile:2: COPY --chmod"),
        ("FROM x\nADD --checksum=sha256:1 http://x/y /\n", "Dockerfile:2: ADD --checksum"),
    ],
)
def test_what_needs_buildkit_is_named_with_its_line(text, words):
    assert refusals(spec(text)) == (f"{words} needs BuildKit",)


def test_what_the_build_section_wants():
    found = refusals(
        spec(
            secrets=(BuildSecret(id="a", file="/f"),),
            ssh=("default",),
            cache_to=("x",),
            options=("--ulimit=1",),
        )
    )
    assert [text.split(" in ")[0] for text in found] == ["secrets", "ssh", "cacheTo", "option --ulimit"]


def test_an_old_dockerfile_is_fine():
    text = "ARG V\nFROM x:$V AS b\nRUN make\nFROM y\nCOPY --from=b --chown=1:1 /a /b\n"
    options = ("--network", "host", "--build-arg", "A=1")
    assert refusals(spec(text, cache_from=("z",), options=options)) == ()


def read(*messages):
    recorder = Recorder()
    progress = Progress(recorder, "build")
    answer = Answer(progress)
    text = "".join(m if isinstance(m, str) else json.dumps(m) + "\r\n" for m in messages).encode()
    for start in range(0, len(text), 7):
        answer.feed(text[start : start + 7])
    return answer.ended(), recorder, progress


def test_the_answer_becomes_steps():
    well, recorder, progress = read(
        {"stream": "Step 1/3 : FROM busybox"},
        {"stream": "\n"},
        {"status": "Downloading", "id": "abc", "progressDetail": {"current": 1, "total": 2}},
        {"stream": " ---> 123456789abc\n"},
        {"stream": "Step 2/3 : RUN echo a"},
        {"stream": " ---> Using cache\n"},
        {"stream": "Step 3/3 : RUN pip install"},
        {"stream": " ---> Running in 123456789abc\n"},
        {"stream": "Successfully installed x\nand more\n"},
        {"stream": "Removing intermediate container 123456789abc\n"},
        {"aux": {"ID": "sha256:1"}},
        {"stream": "Successfully built 123456789abc\n"},
        {"stream": "Successfully tagged t:latest\n"},
    )
    assert well
    assert recorder.progress == [(1, 2)]
    assert recorder.lines == ["Successfully installed x", "and more"]
    assert [outcome for _, outcome, _ in recorder.ended] == ["done", "skipped", "done"]
    assert progress.cached == 1


def test_an_error_is_kept():
    well, recorder, progress = read(
        {"stream": "Step 1/1 : RUN false"},
        {"stream": "oh\n"},
        "garbage\n",
        {"errorDetail": {"code": 7}, "error": "The command 'false' returned a non-zero code: 7"},
    )
    assert not well
    assert recorder.ended[0][1] == "failed"
    failure = progress.failure()
    assert "exit code: 7" in failure.error
    assert failure.tail == ("oh",)
