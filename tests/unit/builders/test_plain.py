from hypothesis import given
from hypothesis import strategies as st

from moorage.builders.engine.plain import Plain
from moorage.builders.engine.progress import Progress
from tests.unit.builders.recorder import Recorder

OUTPUT = """#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 99B done
#1 DONE 0.0s

#4 [1/3] FROM docker.io/library/busybox
#4 CACHED

#5 [2/3] RUN echo hello
#5 0.201 hello
#5 0.202 #6 DONE 1.0s
#5 DONE 1.5s

#6 [3/3] RUN false
#6 0.300 oh
#6 ...

#5 [2/3] RUN echo hello

#6 [3/3] RUN false
#6 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
------
 > [3/3] RUN false:
------
Dockerfile:3
--------------------
   3 | >>> RUN false
--------------------
ERROR: failed to solve: exit code: 1
"""


def read(text, size=1000):
    recorder = Recorder()
    progress = Progress(recorder, "build")
    reader = Plain(progress)
    data = text.encode()
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    reader.close()
    return recorder, progress


def test_steps_logs_and_the_failure_are_found():
    recorder, progress = read(OUTPUT)
    assert recorder.ended == [
        ("[internal] load build definition from Dockerfile", "done", ""),
        ("[1/3] FROM docker.io/library/busybox", "skipped", "cached"),
        ("[2/3] RUN echo hello", "done", ""),
        (
            "[3/3] RUN false",
            "failed",
            'process "/bin/sh -c false" did not complete successfully: exit code: 1',
        ),
    ]
    assert recorder.lines == ["hello", "#6 DONE 1.0s", "oh"]
    assert progress.failure().tail == ("oh",)
    assert "Dockerfile:3" in progress.failure().said
    assert progress.cached == 0


@given(st.integers(1, 40))
def test_it_does_not_matter_where_the_pieces_are_cut(size):
    assert read(OUTPUT, size)[0].ended == read(OUTPUT)[0].ended


@given(st.text(max_size=200))
def test_no_input_breaks_it(text):
    read("#1 a\n" + text)
