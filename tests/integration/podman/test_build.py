"""Builds with Podman's own builder: what older ones lack is said in other words, or refused with its line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.podman.conftest import Make
from tests.integration.podman.place import Place

pytestmark = pytest.mark.podman

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG BASE=debian:bookworm-slim
FROM $BASE AS first
RUN <<EOF
echo one > /one
false
echo "two $((1 + 1))" >> /one
EOF
FROM debian:bookworm-slim
ARG WORD
RUN --mount=type=cache,target=/var/cache/x cat <<EOF > /two && echo end >> /two
the word is $WORD
EOF
RUN <<-'EOF'
	#!/usr/bin/env bash
	[[ $WORD == "a b" ]] && echo "in bash" > /three
	EOF
COPY --link --from=first /one /one
COPY --chmod=755 <<'run.sh' <<'notes' /opt/files/
#!/bin/sh
echo "$WORD"
run.sh
plain
notes
COPY --link . /all
RUN cd / && cat one two three opt/files/* && ls -A all all/.devcontainer && stat -c %a opt/files/run.sh
"""
SHOWN = """\
one
two 2
the word is a b
end
in bash
plain
#!/bin/sh
echo "$WORD"
.devcontainer
kept.txt

all/.devcontainer:
Dockerfile
devcontainer.json
755
"""
CONFIGURATION = {"build": {"dockerfile": "Dockerfile", "context": "..", "args": {"WORD": "a b"}}}


def _project(place: Place, dockerfile: str, **more: object) -> Path:
    configuration = {**CONFIGURATION, **more}
    return place.project(configuration, {".devcontainer/Dockerfile": dockerfile, "kept.txt": "k"})


@pytest.mark.parametrize("way", ["root", "user without a socket"])
def test_what_only_newer_builders_know(places: Make, way: str) -> None:
    place = places(way)
    project = _project(place, f"{DOCKERFILE}# {place.token}\n")
    built = place.ok("up", project)
    shown = [line.strip() for line in built.stderr.splitlines()]
    assert [
        line for line in SHOWN.splitlines() if line and f"build: {line}" not in shown and line not in shown
    ] == []
    assert "RUN <<EOF" in built.stderr
    again = place.ok("up", "--recreate", project)
    assert "Build" not in again.stderr
    assert "files-" not in place.run("images", "--all", "--format", "{{.Repository}}:{{.Tag}}")


@pytest.mark.parametrize("way", ["root", "root without a socket", "user without a socket"])
def test_secrets_reach_their_instruction_alone(places: Make, way: str) -> None:
    place = places(way)
    text = (
        "FROM debian:bookworm-slim\n"
        "RUN --mount=type=secret,id=a --mount=type=secret,id=b"
        f" cat /run/secrets/a /run/secrets/b | wc -c # {place.token}\n"
        "RUN test ! -e /run/secrets/a\n"
    )
    project = _project(place, text)
    place.write("b.txt", "from-a-file")
    secret = f"hidden-{place.token}"
    built = place(
        "up", project, "--build-secret", "id=a,env=TOKEN", "--build-secret", f"id=b,src={place.base}/b.txt",
        env={"TOKEN": secret},
    )  # fmt: skip
    assert built.code == 0, built.stderr
    assert str(len(secret) + len("from-a-file")) in built.stderr
    assert secret not in built.stderr + built.stdout


def test_a_failure_names_its_line(places: Make) -> None:
    place = places("root")
    text = "FROM debian:bookworm-slim\n\nRUN <<EOF\necho before\nexit 3\nEOF\nCOPY nope /\n"
    failed = place("up", _project(place, text))
    assert failed.code != 0
    assert "Dockerfile:3: RUN <<EOF ended with exit code 3." in failed.stderr
    assert "before" in failed.stderr
    failed = place("up", _project(place, text.replace("exit 3", "true")))
    assert '"/nope": not found' in failed.stderr
    assert "Dockerfile:7" in failed.stderr


def test_what_cannot_be_said_is_refused_with_its_line(places: Make) -> None:
    place = places("user")
    text = (
        "FROM debian:bookworm-slim\nCOPY <<EOF /x\n$HOME\nEOF\nRUN --network=none true\n"
        "COPY --parents a /\nRUN --mount=type=wonder true\n"
    )
    refused = place(
        "up", _project(place, text, build={**CONFIGURATION["build"], "options": ["--cache-to=x"]})
    )
    assert refused.code != 0
    for word in ("Dockerfile:2: a here-document with", "Dockerfile:5: RUN --network", ":6: COPY --parents",
                 ":7: RUN --mount=type=wonder", "--cache-to"):  # fmt: skip
        assert word in refused.stderr
    assert "STEP" not in refused.stderr


@pytest.mark.full
def test_an_agent_is_lent_by_the_program_alone(places: Make, tmp_path: Path) -> None:
    text = "FROM moorage-test/base:latest\nRUN --mount=type=ssh ssh-add -l || test $? = 1\n"
    socket = tmp_path / "agent.sock"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        place = places("root without a socket")
        environment = {"SSH_AUTH_SOCK": str(socket)}
        assert place("up", _project(place, text), "--ssh", "default", env=environment).code == 0
        other = places("root")
        refused = other("up", _project(other, f"{text}RUN true\n"), "--ssh", "default", env=environment)
        assert "-o path=podman" in refused.stderr
    finally:
        agent.terminate()
        agent.wait()
