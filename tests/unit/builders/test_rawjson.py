import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from moorage.builders.engine.progress import Progress
from moorage.builders.engine.rawjson import RawJson
from tests.unit.builders.recorder import Recorder

T0, T1, T2 = "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:06.623456789Z", "2026-01-02T03:04:07Z"


def told(*objects, indent=None, step="build"):
    """The events, the failure and the progress of these objects in one stream."""
    text = "".join(o if isinstance(o, str) else json.dumps(o, indent=indent) + "\n" for o in objects)
    return fed(text.encode(), len(text) or 1, step)


def fed(data, size, step="build"):
    recorder = Recorder()
    progress = Progress(recorder, step)
    reader = RawJson(progress)
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    reader.close()
    return recorder, progress


def vertex(digest, name, **more):
    return {"vertexes": [{"digest": digest, "name": name, **more}]}


def log(digest, data):
    return {
        "logs": [{"vertex": digest, "stream": 1, "data": base64.b64encode(data).decode(), "timestamp": T0}]
    }


def test_a_vertex_is_one_step_with_its_time():
    recorder, _ = told(
        vertex("a", "[2/2] RUN x", inputs=["b"]),
        vertex("a", "[2/2] RUN x", inputs=["b"], started=T0),
        vertex("a", "[2/2] RUN x", inputs=["b"], started=T0, completed=T1),
        vertex("a", "[2/2] RUN x", inputs=["b"], started=T1, completed=T2),
        step="build",
    )
    assert recorder.ended == [("[2/2] RUN x", "done", "")]
    assert recorder.events[-1].seconds == 1.5
    assert recorder.events[0].step == "build/1"


def test_the_context_was_read_when_its_transfer_ended():
    name, read = "[internal] load build context", []
    progress = Progress(Recorder(), "build")
    progress.context_read = lambda: read.append(True)
    reader = RawJson(progress)

    def tell(record):
        reader.feed(json.dumps(record).encode() + b"\n")
        return len(read)

    def transfer(vertex, identity, **more):
        return {"statuses": [{"id": identity, "vertex": vertex, "current": 5, **more}]}

    assert tell(vertex("c", name, started=T0, completed=T0)) == 0  # only resolved
    assert tell(vertex("i", "[internal] load .dockerignore", started=T0)) == 0
    assert tell(transfer("i", "transferring context:", completed=T0)) == 0
    assert tell(transfer("c", "transferring context:")) == 0
    assert tell(transfer("c", "transferring context:", completed=T1)) == 1
    assert tell(transfer("c", "transferring context:", completed=T1)) == 1
    assert tell(transfer("c", "transferring context:", completed=T2)) == 2


def test_indented_objects_and_one_a_line_mean_the_same():
    objects = [vertex("a", "[1/1] RUN x", inputs=["b"], started=T0), log("a", b"hello\n")]
    assert told(*objects)[0].events == told(*objects, indent=2)[0].events


def test_a_cached_vertex_is_counted():
    recorder, progress = told(vertex("a", "[2/2] RUN x", inputs=["b"], started=T0, completed=T0, cached=True))
    assert recorder.ended == [("[2/2] RUN x", "skipped", "cached")]
    assert progress.cached == 1


def test_an_image_ends_when_the_next_step_uses_it():
    image = vertex("f", "[1/2] FROM docker.io/library/x", started=T0, completed=T1)
    pulled = vertex("f", "[1/2] FROM docker.io/library/x", started=T0, completed=T2)
    layer = {"statuses": [{"id": "sha256:1", "vertex": "f", "current": 5, "total": 10, "timestamp": T0}]}
    recorder, progress = told(image, layer, pulled, vertex("r", "[2/2] RUN y", inputs=["f"], started=T2))
    assert recorder.progress == [(5, 10)]
    assert recorder.ended == [("[1/2] FROM docker.io/library/x", "done", "")]
    progress.close()
    assert [outcome for _, outcome, _ in recorder.ended] == ["done", "skipped"]


def test_layers_are_added_up():
    def layer(name, current):
        return {"statuses": [{"id": name, "vertex": "f", "current": current, "total": 10}]}

    recorder, _ = told(
        vertex("f", "FROM x", started=T0), layer("a", 0), layer("b", 5), layer("b", 5), layer("a", 10)
    )
    assert recorder.progress == [(0, 10), (5, 20), (15, 20)]


def test_lines_are_put_together_and_cleaned():
    recorder, _ = told(
        vertex("a", "RUN", inputs=["b"], started=T0),
        log("a", b"ab"),
        log("a", b"c\r\n10%\r20%\r\x1b[31mred\x1b[0m \x1b]0;title\x07end\n\ttab\x07\n"),
        log("a", "ü".encode()[:1]),
        log("a", "ü".encode()[1:]),
        vertex("a", "RUN", inputs=["b"], started=T0, completed=T1),
    )
    assert recorder.lines == ["abc", "red end", "\ttab", "ü"]


def test_the_failure_has_the_end_of_the_log_and_what_was_said():
    _, progress = told(
        vertex("a", "[2/2] RUN x", inputs=["b"], started=T0),
        log("a", b"".join(b"%d\n" % n for n in range(100)) + b"last"),
        vertex("c", "[other 1/1] RUN y", inputs=["b"], started=T0),
        vertex("a", "[2/2] RUN x", inputs=["b"], started=T0, completed=T1, error="exit code: 7"),
        vertex("c", "[other 1/1] RUN y", inputs=["b"], started=T0, error="context canceled"),
        "Dockerfile:6\n--------------------\n   6 | >>> RUN x\nERROR: failed to solve: exit code: 7\n",
    )
    failure = progress.failure()
    assert (failure.vertex, failure.error) == ("[2/2] RUN x", "exit code: 7")
    assert failure.tail[-2:] == ("99", "last")
    assert len(failure.tail) == 40
    assert failure.said[0] == "Dockerfile:6"
    assert failure.said[-1].startswith("ERROR")


def test_a_very_long_line_is_cut_and_a_huge_log_is_kept_short():
    recorder, progress = told(
        vertex("a", "RUN", inputs=["b"], started=T0), *(log("a", b"x" * 100_000) for _ in range(20))
    )
    progress.close()
    assert all(len(line) <= 8192 for line in recorder.lines)
    assert len(progress.failure().tail) == 0


def test_warnings_are_log_lines():
    short = base64.b64encode(b"FromAsCasing: 'as' and 'FROM' keywords' casing do not match").decode()
    recorder, _ = told({"warnings": [{"vertex": "a", "level": 1, "short": short, "url": "https://docs"}]})
    assert recorder.lines == ["FromAsCasing: 'as' and 'FROM' keywords' casing do not match https://docs"]


def test_garbage_is_kept_as_what_was_said():
    recorder, progress = told(
        '{"vertexes": 7}\n', "{\n  half\n", "plain words\n", "{\n  open to the end\n", '{"vertexes": null}'
    )
    assert not recorder.events
    assert "plain words" in progress.failure().said
    assert '{"vertexes": 7}' in progress.failure().said


@given(st.binary(max_size=300), st.integers(1, 20))
def test_no_input_breaks_it(data, size):
    fed(data, size)


@given(st.integers(1, 50))
def test_it_does_not_matter_where_the_pieces_are_cut(size):
    objects = [
        vertex("a", "RUN ü", inputs=["b"], started=T0),
        log("a", b"one\ntwo\n"),
        vertex("a", "", error="no"),
    ]
    text = "".join(json.dumps(o, indent=2, ensure_ascii=False) + "\n" for o in objects).encode()
    recorder, _ = fed(text, size)
    assert recorder.lines == ["one", "two"]
    assert recorder.ended == [("RUN ü", "failed", "no")]
