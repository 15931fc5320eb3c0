"""Whatever the values are, commands receive them exactly, and secrets are seen nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.lifecycle.progress import HookFailed
from tests.integration.lifecycle.place import Place, Recorder, stage, until

TELL = """
import json, os, sys
with open(sys.argv[1], "a") as out:
    out.write(json.dumps([sys.argv[2:], dict(os.environ)]) + "\\n")
"""
WEIRD = (
    "",
    " ",
    "a b",
    "$(touch pwned)",
    "`id`",
    "'\"\\",
    "\\n\\c%s\\0101",
    "line\nbreak",
    "\n",
    "ends\n",
    "\n\n+x\ngo\n",
    "-n",
    "--",
    "*",
    "~",
    "naïve ☃ 🦊",
    "\x01\x7f\t\r",
    "=a=b",
    "Ago",
    "\udcff\udc80",
)


def told(path: Path) -> list[tuple[list[str], dict[str, str]]]:
    return [(entry[0], entry[1]) for entry in map(json.loads, path.read_text().splitlines())]


async def test_weird_arguments_arrive(place: Place) -> None:
    out = place.root / "out.json"
    argv = (sys.executable, "-c", TELL, str(out), *WEIRD)
    await place.up(stage("onCreateCommand", argv), stage("postCreateCommand", argv, argv))
    assert [arguments for arguments, _ in told(out)] == [list(WEIRD)] * 3
    assert not list(place.root.rglob("pwned"))


async def test_the_environment_is_exact(place: Place) -> None:
    out = place.root / "out.json"
    values = {f"WEIRD_{number}": value for number, value in enumerate(WEIRD)}
    special = {"IFS": "E", "a.b-c": "1", "OPTIND": "x", "UID": "77", "n": "1", "run": "2", "setsid": "3"}
    wanted = values | special | {"sh": "4", "line": "5", "folder": "6", "self": "7", "token": "8", "nl": "9"}
    hooks = (
        stage("onCreateCommand", (sys.executable, "-c", TELL, str(out))),
        stage("postCreateCommand", *[(sys.executable, "-c", TELL, str(out))] * 2),
    )
    layers = (*wanted.items(), ("HOME", None))
    await place.up(*hooks, remote_environment=layers)
    expected = {name: value for name, value in place.environment.items() if name != "HOME"} | wanted
    for _, environment in told(out):
        own = {"PWD", "SHLVL", "_", "LC_CTYPE", "OLDPWD"}
        assert {name: value for name, value in environment.items() if name not in own} == expected


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arguments=st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30), max_size=6
    )
)
def test_any_arguments_arrive(tmp_path_factory: pytest.TempPathFactory, arguments: list[str]) -> None:
    async def one() -> list[str]:
        place = Place(tmp_path_factory.mktemp("any"), ("/bin/sh",))
        out = place.root / "out.json"
        await place.up(stage("onCreateCommand", (sys.executable, "-c", TELL, str(out), *arguments)))
        await place.end()
        return told(out)[0][0]

    assert asyncio.run(one()) == arguments


async def test_secrets_reach_hooks_and_nothing_else(place: Place) -> None:
    secret, second = "s3cr3t-/.*[x]&\\ value", "first line\nsecond line of it"
    gate, seen = place.root / "gate", place.root / "seen"
    check = 'if [ "$TOKEN" = "$1" ]; then echo same; fi'
    shows = f'echo "<$TOKEN>"; printf \'%s\' "$KEY"; : >{seen}; until [ -e {gate} ]; do sleep 0.01; done'
    recorder = Recorder()
    task = asyncio.create_task(
        place.up(
            stage("onCreateCommand", shows),
            stage("postCreateCommand", x=shows, y="printenv TOKEN KEY", z=check),
            secrets=(("TOKEN", secret), ("KEY", second)),
            reporter=recorder,
        )
    )
    await until(seen.exists)
    for pid in place.own_processes():
        with contextlib.suppress(OSError):
            line = (Path("/proc") / str(pid) / "cmdline").read_bytes()
            assert secret.encode() not in line
            assert b"second line" not in line
    gate.touch()
    await task
    said = recorder.text()
    assert "<********>" in said
    assert said.count("********") >= 4
    written = b"".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())
    for part in ("s3cr3t", "first line", "second line"):
        assert part.encode() not in written
        assert part not in "\n".join(said)


async def test_secrets_are_not_in_the_evidence_of_a_failure(place: Place) -> None:
    with pytest.raises(HookFailed) as caught:
        await place.up(
            stage("onCreateCommand", 'echo "it was $TOKEN"; exit 1'), secrets=(("TOKEN", "hunter22"),)
        )
    assert caught.value.evidence[-1] == "it was ********"
