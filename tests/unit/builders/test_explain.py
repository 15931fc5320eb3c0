import pytest

from moorage.builders.engine.errors import BadBuildOption, BuildDisturbed, BuilderMissing, BuildFailed
from moorage.builders.engine.explain import explain
from moorage.builders.engine.progress import Failure
from moorage.engine.errors import DiskFull, EngineNotRunning
from moorage.oci.failures import (
    ImageNotFound,
    LoginRequired,
    PlatformMissing,
    RateLimited,
    RegistryUnreachable,
)
from moorage.spec.build import BuildSpec

FILE = """FROM debian AS base
ARG A
RUN echo "$A" && \\
    make it

FROM base
COPY nofile /
RUN <<EOF
false
EOF
FROM example.com/team/private
"""
SPEC = BuildSpec(tag="t", dockerfile=FILE, dockerfile_name="docker/Dockerfile", context="/c")


def failed(vertex="", error="", said=(), tail=()):
    return explain(SPEC, Failure(vertex=vertex, error=error, said=tuple(said), tail=tuple(tail)))


def test_the_line_that_the_builder_names():
    error = failed(
        "[base 2/2] RUN echo …",
        'process "/bin/sh -c …" did not complete successfully: exit code: 7',
        (".moorage.Dockerfile:3", "--------------------", "ERROR: failed to solve: exit code: 7"),
        ("make: nothing to do",),
    )
    assert isinstance(error, BuildFailed)
    assert error.line == 3
    assert error.message == 'docker/Dockerfile:3: RUN echo "$A" && make it ended with exit code 7.'
    assert error.evidence == (
        'docker/Dockerfile:3: RUN echo "$A" && \\',
        "docker/Dockerfile:4:     make it",
        "make: nothing to do",
    )


@pytest.mark.parametrize(
    ("vertex", "line"),
    [
        ('[base 2/2] RUN echo "some value" && \tmake it', 3),
        ("[stage-1 2/3] COPY nofile /", 7),
        ("[3/3] RUN <<EOF (false)", 8),
        ("[2/2] RUN something else", 0),
        ("exporting to image", 0),
    ],
)
def test_an_old_engine_s_step_leads_to_the_line(vertex, line):
    error = failed(vertex, "executor failed running [/bin/sh]: exit code: 1", ("ERROR: failed to solve: x",))
    assert isinstance(error, BuildFailed)
    assert error.line == line


def test_a_missing_file_is_explained():
    error = failed(
        "[stage-1 2/3] COPY nofile /",
        'failed to calculate checksum of ref a::b: "/nofile": not found',
        ('ERROR: failed to solve: failed to compute cache key: "/nofile": not found',),
    )
    assert error.message == 'docker/Dockerfile:7: COPY nofile / failed: "/nofile": not found.'
    assert ".dockerignore" in error.hint


@pytest.mark.parametrize(
    ("vertex", "said", "kind", "words"),
    [
        ("[internal] load metadata for docker.io/library/debian:latest",
         "failed to resolve source metadata for docker.io/library/debian:latest: not found",
         ImageNotFound, "The image debian does not exist at docker.io"),
        ("[internal] load metadata for example.com/team/private:latest",
         "unexpected status from HEAD request to https://example.com/v2/: 401 Unauthorized",
         LoginRequired, "example.com shows it only"),
        ("[internal] load metadata for docker.io/library/debian:latest",
         "pull access denied, repository does not exist or may require login", LoginRequired, "debian"),
        ("[internal] load metadata for docker.io/library/debian:latest",
         "no match for platform in manifest: not found", PlatformMissing, "not for"),
        ("[internal] load metadata for docker.io/library/debian:latest",
         "429 Too Many Requests - toomanyrequests: You have reached your limit", RateLimited, "docker.io"),
        ("[internal] load metadata for docker.io/library/debian:latest",
         "dial tcp: lookup registry-1.docker.io: no such host", RegistryUnreachable, "docker.io"),
    ],
)  # fmt: skip
def test_base_images(vertex, said, kind, words):
    error = failed(vertex, said, (f"ERROR: failed to solve: {said}",))
    assert isinstance(error, kind)
    assert words in error.message
    assert error.evidence[0] in ("docker/Dockerfile:1", "docker/Dockerfile:11")
    assert error.hint


def test_the_login_command_names_the_registry():
    error = failed(
        "[internal] load metadata for example.com/team/private:latest", "no basic auth credentials"
    )
    assert "`docker login example.com`" in error.hint


def test_a_run_that_speaks_of_logins_is_only_a_failed_run():
    error = failed(
        "[base 2/2] RUN echo …",
        'process "curl" did not complete successfully: exit code: 22',
        ("ERROR: failed to solve: exit code: 22",),
        ("curl: 401 Unauthorized", "not found"),
    )
    assert isinstance(error, BuildFailed)


@pytest.mark.parametrize("where", ["said", "tail", "error"])
def test_a_full_disk(where):
    text = "write /x: no space left on device"
    error = failed(**{where: text if where == "error" else (text,)})
    assert isinstance(error, DiskFull)
    assert text in error.evidence


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ERROR: unknown flag: --nope", BadBuildOption),
        (
            "ERROR: Cannot connect to the Docker daemon at unix:///x.",
            EngineNotRunning,
        ),
        ("ERROR: Cache export is not supported for the docker driver.", BuilderMissing),
    ],
)
def test_what_is_wrong_before_the_build(said, kind):
    assert isinstance(failed(said=(said,)), kind)


def test_an_engine_too_old_for_the_dockerfile():
    error = failed(
        said=("ERROR: failed to create LLB definition: parse error line 9: unknown instruction: FALSE",)
    )
    assert isinstance(error, BuildFailed)
    assert error.line == 9
    assert "# syntax=docker/dockerfile:1" in error.hint


def test_silence_is_still_an_error():
    error = failed()
    assert isinstance(error, BuildFailed)
    assert error.message


@pytest.mark.parametrize(
    ("error", "in_cache"),
    [
        (
            "failed to commit exc2fy to stbe72 during finalize: failed to stat active key during commit: "
            "snapshot exc2fy does not exist: not found",
            True,
        ),
        ("failed to get session: no active session for abc: context deadline exceeded", False),
        ("failed to solve: Canceled: context canceled", False),
    ],
)
def test_a_step_shared_with_a_build_that_was_cut_off(error, in_cache):
    found = failed("[2/2] RUN make", error)
    assert type(found) is BuildDisturbed
    assert found.in_cache is in_cache
    assert "docker/Dockerfile" in found.message
