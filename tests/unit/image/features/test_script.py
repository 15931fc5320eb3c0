"""The script around install.sh, run by a real shell in a folder of this machine."""

from __future__ import annotations

import re
import shutil
import subprocess

import msgspec
import pytest

from moorage.devcontainer.features.options import environment_file
from moorage.image.features.script import ENVIRONMENT, SCRIPT, Users, script

from .made import install

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture(params=SHELLS)
def run(request, tmp_path):
    """Run the script with this install.sh; caches and passwd are looked for below the test's folder."""

    def start(text, *, variables=None, users=None, given=None, files=None):
        folder = tmp_path / "features/node-1"
        folder.mkdir(parents=True)
        for path, content in {"install.sh": text, **(files or {})}.items():
            if content is not None:
                (folder / path).write_text(content)
                (folder / path).chmod(0o755)
        found = (given or install()).found
        made = script(found, variables or {}, users or Users(container="root", remote="root"))
        made = re.sub(r"(?<=['< ])/(?=root|var|etc)", f"{tmp_path}/", made)
        (folder / SCRIPT).write_text(made)
        (folder / ENVIRONMENT).write_text(environment_file(variables or {}))
        words = [request.param, "sh"] if request.param == "busybox" else [request.param]
        return subprocess.run([*words, folder / SCRIPT], capture_output=True, text=True, cwd="/")

    return start


def test_what_install_sh_sees(run, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/r:/bin/sh\nnode:x:77:7:a b:/home/no de:/bin/sh")
    value = 'it\'s "q" $HOME `id` $(id)\nsecond \\ line'
    done = run(
        '#!/bin/sh\necho "$VERSION"; pwd; umask\n'
        'echo "$_REMOTE_USER,$_REMOTE_USER_HOME,$_CONTAINER_USER_HOME"\n',
        variables={"VERSION": value},
        users=Users(container="77", remote="node:staff"),
    )
    assert done.returncode == 0, done.stderr
    assert value in done.stdout
    shown = done.stdout.splitlines()[-3:]
    assert shown == [f"{tmp_path}/features/node-1", "0022", "node,/home/no de,/home/no de"]
    assert not (tmp_path / "features").exists()


def test_a_user_that_nobody_knows_has_no_home_and_root_has_one(run):
    done = run(
        '#!/bin/sh\necho "($_REMOTE_USER_HOME)($_CONTAINER_USER_HOME)"\n',
        users=Users(container="", remote="nobody-here"),
    )
    assert done.stdout.splitlines()[-1] == "()(/root)"
    assert done.stderr == ""


def test_a_failure_names_the_feature(run):
    given = install(name='N "o" \\c $x', documentation_url="https://example.com/node")
    done = run("#!/bin/sh\nexit 7\n", given=given)
    assert done.returncode == 7
    assert 'ERROR: Feature "N "o" \\c $x" (node) failed to install!' in done.stderr
    assert "https://example.com/node" in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no install.sh"),
        ("#!/bin/sh\r\ntrue\r\n", "CR LF"),
        ("#! /opt/no-shell -e\n", "no /opt/no-shell"),
    ],
)
def test_why_install_sh_cannot_be_run(run, text, told):
    done = run(text)
    assert done.returncode in (126, 127)
    assert told in done.stderr


def test_without_a_first_line_the_shell_runs_it(run):
    assert run("echo ran\n").stdout.endswith("ran\n")


def test_what_a_person_should_know(run):
    given = install(deprecated=True, current_id="nodejs", description="a\n\x1b[31mb", value={}, version="1")
    done = run("#!/bin/sh\n", given=given, variables={"A": "b\x1b[0m"})
    assert "\x1b" not in done.stdout
    assert "deprecated" in done.stdout
    assert "nodejs" in done.stdout
    assert '    A="b [0m"' in done.stdout


def test_caches_that_were_not_there_are_removed(run, tmp_path):
    lists, apk = tmp_path / "var/lib/apt/lists", tmp_path / "var/cache/apk"
    (lists / "partial").mkdir(parents=True)
    apk.mkdir(parents=True)
    (apk / "kept").touch()
    done = run(
        f"#!/bin/sh\nmkdir -p {tmp_path}/root/.cache/pip/x; touch {lists}/deb_main {apk}/new {lists}/lock\n"
    )
    assert done.returncode == 0
    assert list(lists.iterdir()) == []
    assert {each.name for each in apk.iterdir()} == {"kept", "new"}
    assert not (tmp_path / "root/.cache/pip").exists()


def test_options_that_are_variables_of_the_script_itself_do_no_harm(run, tmp_path):
    done = run("#!/bin/sh\necho $PATH\n", variables={"PATH": "/nowhere", "IFS": "/", "PS4": "$(id)"})
    assert done.returncode == 0
    assert done.stdout.endswith("/nowhere\n")
    assert not (tmp_path / "features").exists()


def test_nothing_of_the_metadata_is_executed(run, tmp_path):
    evil = f"'; touch {tmp_path}/evil; echo '$(touch {tmp_path}/evil)`touch {tmp_path}/evil`\nx"
    found = msgspec.structs.replace(install(name=evil, description=evil, documentation_url=evil).found)
    given = msgspec.structs.replace(install(), found=found)
    assert run("#!/bin/sh\nexit 1\n", given=given, variables={"A": evil}).returncode == 1
    assert not (tmp_path / "evil").exists()
