"""Builds on a real engine through buildx."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import moorage.builders.engine.builder as builder_module
from moorage.builders.engine import buildx
from moorage.builders.engine.errors import BadBuildOption, BuildFailed, BuildSecretMissing, BuildTimeout
from moorage.builders.engine.run import Run
from moorage.facts.context import ContextChanged
from moorage.oci.failures import ImageNotFound, LoginRequired
from moorage.spec.build import BuildSecret


async def test_an_image_with_arguments_labels_and_files(site, docker):
    site.write("src/a.txt", "content")
    value = 'it\'s\n"quoted" ü $HOME \\'
    built = await site.build(
        "FROM busybox AS first\nARG A\nARG PATH=/x\nARG DOCKER_HOST\n"
        'COPY src /src\nRUN printf %s "$A$DOCKER_HOST" > /value; /bin/echo "$PATH" > /path\n'
        "FROM busybox\nRUN false\n",
        args=(("A", value), ("PATH", "/bin:/o'p"), ("DOCKER_HOST", "tcp://nowhere")),
        labels=(("test", site.token), ("a b", 'x="1",ü')),
        target="first",
    )
    assert built.image_id.startswith("sha256:")
    assert docker("run", "--rm", site.tag, "cat", "/value") == value + "tcp://nowhere"
    assert docker("run", "--rm", site.tag, "cat", "/path", "/src/a.txt") == "/bin:/o'p\ncontent"
    assert docker("inspect", "-f", '{{index .Config.Labels "a b"}}', site.tag) == 'x="1",ü'
    assert any("[first" in title for title in site.recorder.started)


async def test_the_same_again_is_the_same_image_from_the_cache(site):
    site.write("a.txt", "a")
    text = "FROM busybox\nCOPY a.txt /\nRUN cat /a.txt\n"
    first = await site.build(text)
    os.utime(site.folder / "a.txt", (1, 1))
    (site.folder / "a.txt").chmod(0o600)
    second = await site.build(text)
    assert second.image_id == first.image_id
    assert second.cached_steps >= 2
    third = await site.build(text, no_cache=True)
    assert third.cached_steps == 0


async def test_an_image_of_our_own_name_is_packed_with_zstd(site, docker):
    site.tag = f"moorage/devcontainer:{site.token}"
    site.write("a.txt", site.token)
    await site.build(f"FROM busybox\nCOPY a.txt /\nRUN cat /a.txt > /{site.token}\n")
    assert docker("run", "--rm", site.tag, "cat", f"/{site.token}") == site.token
    saved = subprocess.run(
        ["docker", "--host", docker.host, "save", site.tag], check=True, capture_output=True
    ).stdout
    assert b"tar+zstd" in saved


@pytest.mark.parametrize("kind", ["added", "own", "beside"])
async def test_a_change_that_keeps_size_and_time_is_seen(site, docker, kind):
    text = "FROM busybox\nCOPY {} /all/\n".format("a.txt" if kind == "added" else ".")
    site.write("Dockerfile", text)
    site.write(".dockerignore", "Dockerfile\n" if kind == "beside" else "")
    for content in ("one", "two", "one"):
        os.utime(site.write("a.txt", content + site.token), (1, 1))
        await site.build(text)
        assert docker("run", "--rm", site.tag, "cat", "/all/a.txt") == content + site.token


async def test_a_folder_that_is_read_in_place_gives_the_same_files(site, docker, monkeypatch):
    site.write("Dockerfile", "FROM busybox\n")
    site.write(".dockerignore", "no\nDockerfile\n")
    site.write("a/run").chmod(0o755)
    site.write("no/thing")
    (site.folder / "a/link").symlink_to("run")
    text = "FROM busybox\nCOPY . /all\nRUN cd /all && find . | sort && ls -lnR . > /list\n"
    first = await site.build(text, no_cache=True)
    listed = docker("run", "--rm", site.tag, "cat", "/list")
    in_place, site.recorder.events = site.recorder.lines, []
    monkeypatch.setattr(builder_module, "readable_in_place", lambda spec, context: False)
    second = await site.build(text, no_cache=True)
    assert in_place == site.recorder.lines == [".", "./.dockerignore", "./a", "./a/link", "./a/run"]
    assert [row.split()[:4] for row in listed.splitlines()] == [
        row.split()[:4] for row in docker("run", "--rm", site.tag, "cat", "/list").splitlines()
    ]
    assert first.image_id
    assert second.image_id


async def test_a_failing_run_shows_its_line_and_the_end_of_its_log(site):
    with pytest.raises(BuildFailed) as caught:
        await site.build(
            "FROM busybox\n\nRUN echo first && \\\n"
            "  seq 1000 && sleep 0.3 && printf '\\033[31mred\\033[0m\\n' >&2 && sleep 0.3 && exit 7\n",
            dockerfile_name=".devcontainer/Dockerfile",
        )
    error = caught.value
    assert error.line == 3
    assert error.message.startswith(".devcontainer/Dockerfile:3: RUN echo first")
    assert error.message.endswith("exit code 7.")
    assert error.evidence[0] == ".devcontainer/Dockerfile:3: RUN echo first && \\"
    assert {"999", "1000", "red"} <= set(error.evidence)
    assert site.recorder.ended[-1][1] == "failed"


async def test_a_huge_log_ends(site):
    await site.build("FROM busybox\nRUN seq 100000; printf '%0300000d' 0\n", no_cache=True)
    assert "500" in site.recorder.lines
    assert max(map(len, site.recorder.lines)) <= 8192


async def test_a_base_image_that_is_not_there(site):
    with pytest.raises(ImageNotFound) as caught:
        await site.build("FROM busybox AS a\n\nFROM moorage-test/no-such-image:1\nRUN true\n")
    assert "moorage-test/no-such-image:1" in caught.value.message
    assert caught.value.evidence[0] == "Dockerfile:3"


async def test_a_base_image_behind_a_login(site, auth_registry, private, tmp_path):
    site.environment |= {"DOCKER_CONFIG": str(tmp_path / "none")}
    with pytest.raises(LoginRequired) as caught:
        await site.build(f"FROM {private}\n")
    assert f"docker login {auth_registry.address}" in caught.value.hint
    site.environment["DOCKER_CONFIG"] = str(tmp_path / "login")
    assert (await site.build(f"FROM {private}\n")).image_id


async def test_a_file_that_is_not_in_the_context(site):
    with pytest.raises(BuildFailed, match="Dockerfile:2: COPY nothing"):
        await site.build("FROM busybox\nCOPY nothing /\n")


async def test_secrets_stay_out_of_arguments_image_and_history(site, docker, arguments_seen, tmp_path):
    file = tmp_path / 'secret, "1".txt'
    file.write_text("from-a-file-5up3r")
    site.environment["TOKEN"] = "from-a-variable-5up3r"
    text = (
        "FROM busybox\nARG TOKEN\n"
        "RUN --mount=type=secret,id=f --mount=type=secret,id=v cd /run/secrets"
        " && grep -q from-a-.*-5up3 f && grep -q from-a-.*-5up3 v && [ $TOKEN = an-argument ] && sleep 1\n"
    )
    building = asyncio.ensure_future(
        site.build(
            text,
            args=(("TOKEN", "an-argument"),),
            secrets=(BuildSecret(id="f", file=str(file)), BuildSecret(id="v", variable="TOKEN")),
            options=("--build-arg", "UNUSED=in-the-options-5up3r"),
            no_cache=True,
        )
    )
    seen: set[str] = set()
    while not building.done():
        seen |= arguments_seen()
        await asyncio.sleep(0.01)
    await building
    ours = [line for line in seen if "buildx" in line]
    assert ours, "the build was watched"
    assert not [line for line in ours if "5up3r" in line or "an-argument" in line]
    shown = docker("history", "--no-trunc", site.tag) + docker("inspect", site.tag)
    assert "5up3r" not in shown
    assert "in-the-options" not in shown


async def test_a_secret_that_is_not_there(site):
    with pytest.raises(BuildSecretMissing, match="/no/such"):
        await site.build("FROM busybox\n", secrets=(BuildSecret(id="f", file="/no/such"),))


@pytest.mark.parametrize("ignored", ["Dockerfile", "nothing"])
async def test_copying_everything_copies_no_file_of_ours(site, docker, ignored):
    text = "FROM busybox\nCOPY . /all\n"
    site.write("Dockerfile", text)
    site.write("a.txt")
    site.write(".dockerignore", f"{ignored}\n")
    await site.build(text)
    expected = {"a.txt", ".dockerignore", "Dockerfile"} - {ignored}
    assert set(docker("run", "--rm", site.tag, "ls", "-A", "/all").split()) == expected


async def test_a_generated_dockerfile_beside_the_whole_context(site, docker):
    site.write("Dockerfile", "FROM busybox\nCOPY . /all\n")
    await site.build("FROM busybox\nCOPY . /all\nRUN echo more > /more\n")
    assert (
        docker("run", "--rm", site.tag, "cat", "/more", "/all/Dockerfile")
        == "more\nFROM busybox\nCOPY . /all"
    )


async def test_modern_syntax_and_a_named_context(site, docker, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "f").write_text("named")
    await site.build(
        "# syntax=docker/dockerfile:1\nFROM busybox\nCOPY <<EOF /hi\nhello\nEOF\n"
        "COPY --link --from=other f /f\nRUN --mount=type=cache,target=/c cat /hi /f\n",
        options=("--build-context", f"other={tmp_path}/other"),
    )
    assert docker("run", "--rm", site.tag, "cat", "/hi", "/f") == "hello\nnamed"


async def test_an_option_that_nobody_knows(site):
    with pytest.raises(BadBuildOption, match="--no-such-option"):
        await site.build("FROM busybox\n", options=("--no-such-option",))


async def test_a_limit(site):
    with pytest.raises(BuildTimeout):
        await site.build("FROM busybox\nRUN sleep 60\n", builder=site.builder(limit=1), no_cache=True)
    assert not running(site)


async def test_cancelling_ends_the_process_and_the_build(site):
    building = asyncio.ensure_future(site.build("FROM busybox\nRUN sleep 60\n", no_cache=True))
    while not any("sleep 60" in title for title in site.recorder.started):
        assert not building.done()
        await asyncio.sleep(0.05)
    assert running(site)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert not running(site)


async def test_a_context_that_changes_ends_the_build(site):
    spec = site.spec("FROM busybox\nCOPY a.txt b.txt /\n")
    site.write("a.txt", "a")
    file = site.write("b.txt", "b")
    context = site.context(spec)
    file.write_text("changed")
    with pytest.raises(ContextChanged):
        await site.builder().build(spec, context, site.recorder, "build")


async def test_a_file_edited_after_it_was_read_does_not_matter(site, docker, monkeypatch):
    monkeypatch.setattr(Run, "from_archive", None)  # nor does the whole build begin anew
    file = site.write("a.txt", "before\n")
    building = asyncio.ensure_future(
        site.build(f"FROM busybox\nCOPY a.txt /\nRUN cat /a.txt; echo {site.token}; sleep 1\n")
    )
    while "before" not in site.recorder.lines:
        assert not building.done()
        await asyncio.sleep(0.02)
    file.write_text("after")
    await building
    assert docker("run", "--rm", site.tag, "cat", "/a.txt") == "before"


async def test_two_builds_of_one_key_at_once(site):
    site.write("a.txt", site.token)
    text = "FROM busybox\nCOPY a.txt /\nRUN sleep 0.5; cat /a.txt > /b\n"
    first, second = await asyncio.gather(site.build(text), site.build(text))
    assert first.image_id == second.image_id


async def test_our_death_is_buildx_s_death(site, engine, tmp_path):
    program = textwrap.dedent(
        """
        import asyncio, sys
        from moorage.builders.engine import child
        print("ready", flush=True)
        asyncio.run(child.run(["sleep", sys.argv[1]], {"PATH": "/bin:/usr/bin"}, print, None))
        """
    )
    seconds = str(3600 + os.getpid())
    ours = subprocess.Popen([sys.executable, "-c", program, seconds], stdout=subprocess.PIPE)
    while not sleeping(seconds):
        assert ours.poll() is None
        await asyncio.sleep(0.02)
    ours.send_signal(signal.SIGKILL)
    ours.communicate()
    async with asyncio.timeout(5):
        while sleeping(seconds):
            await asyncio.sleep(0.02)


async def test_a_push_tells_the_digest(site, registry, docker):
    tag = f"{registry}/moorage-{site.token}:key"
    built = await site.build("FROM busybox\nRUN true\n", tag=tag, push=True)
    assert built.digest is not None
    assert built.digest.startswith("sha256:")
    docker("pull", f"{registry}/moorage-{site.token}@{built.digest}")


async def test_on_an_old_engine(old_site):
    old_site.write("a.txt")
    built = await old_site.build("FROM busybox\nARG A\nCOPY a.txt /\nRUN echo $A\n", args=(("A", "b"),))
    assert built.image_id
    with pytest.raises(BuildFailed) as caught:
        await old_site.build("FROM busybox\nARG A\nRUN echo $A && \\\n  false\n", args=(("A", "b"),))
    assert caught.value.line == 3


def sleeping(seconds):
    return [e for e in Path("/proc").glob("[0-9]*/cmdline") if said(e) == f"sleep\0{seconds}\0"]


def running(site):
    return [e for e in Path("/proc").glob("[0-9]*/cmdline") if "buildx" in said(e) and site.tag in said(e)]


def said(entry):
    try:
        return entry.read_bytes().decode(errors="replace")
    except OSError:
        return ""


async def test_a_buildx_that_knows_no_rawjson(site, tmp_path):
    real = buildx.find(site.environment, "/")
    assert real is not None
    old = tmp_path / "configuration" / "cli-plugins" / "docker-buildx"
    old.parent.mkdir(parents=True)
    old.write_text(
        '#!/bin/sh\nfor word; do\n  [ "$word" = rawjson ] || continue\n'
        '  echo "ERROR: invalid progress mode rawjson"\n  exit 1\ndone\n'
        f'exec {real.path} "$@"\n'
    )
    old.chmod(0o755)
    site.environment["DOCKER_CONFIG"] = str(tmp_path / "configuration")
    builder = site.builder()
    with pytest.raises(BuildFailed) as caught:
        await site.build("FROM busybox\nRUN echo oh && false\n", builder=builder)
    assert caught.value.line == 2
    assert "oh" in caught.value.evidence
    assert (await site.build("FROM busybox\nRUN true\n", builder=builder)).image_id
