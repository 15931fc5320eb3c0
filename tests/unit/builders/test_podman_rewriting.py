"""Dockerfiles in the words of an older Podman: nothing lost, every line in its place."""

from __future__ import annotations

import json
import subprocess

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.builders.podman.rewriting import labels, refusals, rewritten, version
from moorage.dockerfile.parse import parse
from moorage.spec.build import BuildSpec

OLD, MIDDLE, NEW = (4, 3), (4, 9), (5, 2)
IMAGE = "moorage/devcontainer:files-x"


def _spec(text: str) -> BuildSpec:
    return BuildSpec(tag="t:1", dockerfile=text, dockerfile_name="Dockerfile", context="/c")


def _lines(text: str) -> list[str]:
    return rewritten(_spec(text), OLD, IMAGE).dockerfile.split("\n")


def test_what_needs_no_change_stays_as_it_is() -> None:
    text = "# a\nFROM a AS b\nRUN x \\\n  # note\n  && y\nCOPY --chown=1 . /x\nADD http://h/f /f\n"
    found = rewritten(_spec(text), OLD, IMAGE)
    assert (found.dockerfile, dict(found.files), dict(found.originals)) == (text, {}, {})


def test_a_script_becomes_one_argument_of_the_shell() -> None:
    text = "FROM a\nRUN --mount=type=cache,target=/c <<EOF\necho \"$A\"\n\ttab 'x' \\\nEOF\nRUN after"
    lines = _lines(text)
    flags, _, array = lines[1].partition(" [")
    assert flags == "RUN --mount=type=cache,target=/c"
    assert json.loads(f"[{array}") == ["/bin/sh", "-c", "echo \"$A\"\n\ttab 'x' \\\n"]
    assert lines[5] == "RUN after"


def test_the_shell_that_is_set_runs_it_until_the_next_stage() -> None:
    text = 'FROM a\nSHELL ["/bin/bash", "-ec"]\nRUN <<E\nx\nE\nFROM b\nRUN <<E\nx\nE\n'
    lines = _lines(text)
    assert lines[2].startswith('RUN ["/bin/bash","-ec",')
    assert lines[6].startswith('RUN ["/bin/sh","-c",')


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("cat <<EOF\n$((1 + 1)) $X\nEOF", "2 y\n"),
        ("cat <<'EOF'\n$((1 + 1)) $X\nEOF", "$((1 + 1)) $X\n"),
        ("cat <<-EOF && echo end\n\tindented\nEOF", "indented\nend\n"),
        ("<<EOF\necho a; false\necho b\nEOF", "a\nb\n"),
        ("<<EOF\n#!/usr/bin/env bash\n[[ a == a ]] && echo 'in bash' MOORAGE\nEOF", "in bash MOORAGE\n"),
        ("cat <<ONE - <<TWO /dev/fd/3 3<&0\nx\nONE\ny\nTWO", "y\n"),
    ],
)
def test_the_shell_says_the_same(written: str, said: str) -> None:
    command = json.loads(_lines(f"FROM a\nRUN {written}\n")[1].removeprefix("RUN "))
    done = subprocess.run(command, capture_output=True, text=True, env={"X": "y", "PATH": "/usr/bin:/bin"})
    assert done.stdout == said


def test_a_script_s_exit_code_is_kept() -> None:
    command = json.loads(_lines("FROM a\nRUN <<E\n#!/bin/sh\nexit 7\nE\n")[1].removeprefix("RUN "))
    assert subprocess.run(command).returncode == 7


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs", "Cc"))))
def test_any_line_survives_json(line: str) -> None:
    text = f"FROM a\nRUN <<'MOORAGE_END'\n{line}\nMOORAGE_END\n"
    assert json.loads(_lines(text)[1].removeprefix("RUN "))[-1] == f"{line}\n"


def test_documents_to_copy_come_from_an_image_of_their_own() -> None:
    text = "FROM a\nCOPY --link --chmod=755 <<'one' <<two /d/\n$x\none\nplain\ntwo\n"
    text += "COPY f <<'three' /e/\nt\nthree\n"
    found = rewritten(_spec(text), OLD, IMAGE)
    lines = found.dockerfile.split("\n")
    assert lines[1] == f"COPY --chmod=755 --from={IMAGE} /0/one /0/two /d/"
    assert lines[6:8] == ["COPY f /e/", f"COPY --from={IMAGE} /2/three /e/"]
    assert dict(found.files) == {"0/one": b"$x\n", "0/two": b"plain\n", "2/three": b"t\n"}
    assert len(lines) == len(text.split("\n"))


def test_link_is_dropped_for_every_podman() -> None:
    text = "FROM a\nCOPY --link=true --from=b \\\n  /x \\\n  /y\nRUN z\n"
    assert rewritten(_spec(text), NEW, IMAGE).dockerfile == "FROM a\nCOPY --from=b /x   /y\n\n\nRUN z\n"


def test_a_podman_that_reads_documents_gets_them() -> None:
    text = "FROM a\nRUN <<EOF\nx\nEOF\nCOPY --link <<EOF /x\n$A\nEOF\n"
    found = rewritten(_spec(text), MIDDLE, IMAGE).dockerfile
    assert found == "FROM a\nRUN <<EOF\nx\nEOF\nCOPY <<EOF /x\n$A\nEOF\n"


def test_what_was_written_is_known_by_what_is_said() -> None:
    found = rewritten(_spec("FROM a\nRUN  <<EOF\nx\nEOF\n"), OLD, IMAGE)
    assert dict(found.originals) == {'RUN ["/bin/sh","-c","x\\n"]': "RUN  <<EOF"}


@pytest.mark.parametrize(
    ("line", "podman", "expected"),
    [
        ("RUN --network=none x", OLD, "RUN --network"),
        ("RUN --security=insecure x", OLD, "RUN --security"),
        ("RUN --mount=type=wonder x", OLD, "type=wonder"),
        ("RUN --mount=target=/x,source=y x", OLD, ""),
        ("COPY --parents a /", OLD, "COPY --parents"),
        ("ADD --checksum=sha256:x http://h /", OLD, "ADD --checksum"),
        ("COPY <<E /x\n$HOME\nE", OLD, "a here-document with variables"),
        ("COPY <<'E' /x\n$HOME\nE", OLD, ""),
        ("COPY <<E /x\n$HOME\nE", MIDDLE, ""),
        ("COPY --parents a /", NEW, ""),
        ("ONBUILD RUN <<E\nx\nE", OLD, "ONBUILD"),
    ],
)
def test_what_cannot_be_built(line: str, podman: tuple[int, ...], expected: str) -> None:
    found = refusals(parse(f"FROM a\n{line}\n"), podman)
    assert bool(found) == bool(expected)
    assert all(each.startswith("Dockerfile:2: ") and expected in each for each in found)


def test_versions_compare_as_numbers() -> None:
    assert version("4.3.1") < version("4.10.0-rc1") < version("5.0.0")


def test_metadata_has_no_dollar_sign_that_podman_would_read() -> None:
    said = [{"containerEnv": {"A": "${localEnv:HOME}"}}]
    given = (("devcontainer.metadata", json.dumps(said)), ("a", "b"))
    [(_, text), other] = labels(msgspec.structs.replace(_spec("FROM a\n"), labels=given))
    assert "$" not in text
    assert json.loads(text) == said
    assert other == ("a", "b")
