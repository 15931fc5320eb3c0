"""The scripts that run in a pod, run here by every shell that this machine has."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from moorage.drivers.kubernetes.inside import described, told
from moorage.drivers.kubernetes.objects.scripts import script
from moorage.spec import journal

SHELLS = [
    words
    for words in (["dash"], ["bash"], ["busybox", "sh"], ["mksh"])
    if shutil.which(words[0]) and subprocess.run([*words, "-c", ":"], check=False).returncode == 0
]
ROOT = os.getuid() == 0


class Pod:
    """A folder that stands for the pod's."""

    def __init__(self, folder: Path, shell: list[str]) -> None:
        self.folder, self.shell = folder, shell
        self.here, self.logs = folder / "lib", folder / "log"
        given = self.here / "pod"
        given.mkdir(parents=True)
        self.logs.mkdir()
        for path in (folder, self.here, self.logs):
            path.chmod(0o777)
        for name in ("start.sh", "inside.sh", "runner.sh", "populate.sh"):
            text = script(name).replace(journal.FOLDER, str(self.here)).replace(journal.LOGS, str(self.logs))
            (given / name).write_text(text)
        (given / "name").write_text("moorage-x-1")
        self.given = given

    def run(
        self, name: str, *words: str, stdin: bytes = b"", environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self.shell, str(self.given / name), *words],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=20,
            env={"PATH": os.environ["PATH"], "HOME": "/root", **(environment or {})},
        )

    def enter(self, *argv: str, user: str = "", folder: str = "", stdin: bytes | None = None, **given: str):  # type: ignore[no-untyped-def]
        said = described(argv, user, given, folder, stdin=stdin is not None)
        return self.run("inside.sh", "enter", stdin=said + (stdin or b""))


@pytest.fixture(params=SHELLS, ids=lambda words: words[0])
def pod(request: pytest.FixtureRequest, tmp_path: Path) -> Pod:
    tmp_path.chmod(0o777)
    for parent in list(tmp_path.parents)[:3]:
        if parent.owner() == pwd.getpwuid(os.getuid()).pw_name and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    return Pod(tmp_path, request.param)


def test_arguments_and_variables_arrive_as_they_are(pod: Pod) -> None:
    odd = "a 'b' \"c\" $HOME `id` \\ \n+plus\n\nend"
    done = pod.enter("printenv", "VALUE", VALUE=odd)
    assert done.stdout.decode() == odd + "\n", done.stderr
    done = pod.enter("sh", "-c", 'printf "%s|" "$@"', "sh", odd, "", "-x", "go")
    assert done.stdout.decode() == f"{odd}||-x|go|"


def test_variables_that_shells_keep_for_themselves_arrive_too(pod: Pod) -> None:
    done = pod.enter("env", **{"UID": "7", "moor_user": "x", "a.b": "c"})
    assert {b"UID=7", b"moor_user=x", b"a.b=c"} <= set(done.stdout.splitlines()), done.stderr


def test_input_goes_on_to_the_command_or_is_empty(pod: Pod) -> None:
    assert pod.enter("cat", stdin=b"hello\0there\n").stdout == b"hello\0there\n"
    assert pod.enter("cat").stdout == b""


def test_the_exit_code_is_the_commands(pod: Pod) -> None:
    assert pod.enter("sh", "-c", "exit 42").returncode == 42
    assert pod.enter("no-such-program").returncode == 127


def test_the_end_of_a_process_is_told_and_what_it_did_not_read_is_taken(pod: Pod) -> None:
    words = ("sh", "-c", "read -r line; echo $line; echo oh >&2; kill -9 $$")
    said = described(words, "", {}, "", stdin=True, word="w0rd")
    done = pod.run("inside.sh", "enter", stdin=said + b"first\n" + bytes(1 << 20))
    assert (done.returncode, done.stdout, done.stderr) == (137, b"first\n", b"oh\n\0w0rd")


def test_a_description_that_broke_off_runs_nothing(pod: Pod) -> None:
    said = described(("touch", str(pod.folder / "made")), "", {}, "", stdin=False)
    assert pod.run("inside.sh", "enter", stdin=said[:-3]).returncode == 125
    assert not (pod.folder / "made").exists()


def test_a_folder_that_cannot_be_entered_is_told(pod: Pod) -> None:
    assert pod.enter("pwd", folder=str(pod.folder)).stdout.decode().strip() == str(pod.folder)
    done = pod.enter("pwd", folder="/no/such")
    assert done.returncode == 126
    assert b"/no/such" in done.stderr


def test_a_kept_description_is_used_once(pod: Pod) -> None:
    said = described(("echo", "hello"), "", {"TOKEN": "secret"}, "", stdin=True)
    path = pod.folder / "kept"
    assert pod.run("inside.sh", "stash", str(path), stdin=said).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert pod.run("inside.sh", "enter", str(path)).stdout == b"hello\n"
    assert not path.exists()


def test_an_unknown_user_is_told_in_the_engines_words(pod: Pod) -> None:
    done = pod.enter("id", user="nobody-here")
    assert done.returncode == 126
    assert b"unable to find user nobody-here" in done.stderr


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
@pytest.mark.parametrize("user", ["nobody", "65534", "1234:5678", "nobody:daemon"])
def test_another_user_has_its_ids_and_home(pod: Pod, user: str) -> None:
    done = pod.enter("sh", "-c", "id -u; id -g; echo $HOME; echo $KEPT", user=user, KEPT="yes")
    if pod.shell[0] == "busybox" and user.startswith("1234"):
        assert b"neither setpriv nor su" in done.stderr  # its own programs take names only
        return
    uid, gid, home, kept = done.stdout.decode().split()
    wanted = user.replace("nobody", "65534").replace("daemon", "1")
    assert uid == wanted.partition(":")[0]
    assert gid == (wanted.partition(":")[2] or "65534")
    assert home == ("/" if user.startswith("1234") else pwd.getpwuid(65534).pw_dir)
    assert kept == "yes"


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_a_home_that_is_configured_stays(pod: Pod) -> None:
    assert pod.enter("printenv", "HOME", user="nobody", HOME="/somewhere").stdout == b"/somewhere\n"


def test_a_start_makes_an_instance_and_a_look_finds_it(pod: Pod) -> None:
    done = pod.run("start.sh", "0", "0", "", "", "--", "true")
    assert done.returncode == 0, done.stderr
    look = pod.run("inside.sh", "look", environment={"MESSAGE": "two\nlines"})
    found = told(look.stdout)
    assert found.instance.startswith("moorage-x-1_")
    assert len(found.instance) == len("moorage-x-1_") + 8
    assert found.files == {"prepared": b"prepared\n", "journal": b""}
    assert found.environment["MESSAGE"] == "two\nlines"
    assert found.user == str(os.getuid())
    assert not found.content
    pod.run("start.sh", "0", "0", "", str(pod.folder), "--", "true")
    assert told(pod.run("inside.sh", "look").stdout).content
    assert journal.parse(
        {f"{found.instance}/{k}": v for k, v in found.files.items()}, found.instance
    ).prepared


def test_each_start_is_another_instance(pod: Pod) -> None:
    names = set()
    for _ in range(2):
        pod.run("start.sh", "0", "0", "", "", "--", "true")
        names.add((pod.here / "instance").read_text())
    assert len(names) == 2


def test_entrypoints_run_before_the_command(pod: Pod) -> None:
    done = pod.run("start.sh", "0", "0", "", "", "echo one", "echo two; false", "--", "echo", "three")
    assert done.stdout == b"one\ntwo\nthree\n"
    assert b"an entrypoint failed" in done.stderr


def test_a_plan_runs_with_no_client(pod: Pod) -> None:
    plan = pod.given / "plan"
    plan.mkdir()
    made = pod.folder / "made"
    lines = f"F/\nGonCreateCommand:0\nMonce\nKonCreateCommand:0\nHx\nAtouch\nA{made}\ngo\n"
    (plan / "script").write_text(lines)
    (plan / "probe").write_text("none\n")
    pod.run("start.sh", "0", "0", "", "/no/such/folder", "--", "true")
    over = f"until grep -q over {pod.here}/*/journal; do sleep 0.01; done"
    pod.run("start.sh", "0", "0", "", str(pod.folder), "--", "sh", "-c", over)
    assert made.exists()
    found = told(pod.run("inside.sh", "look").stdout)
    assert b"done onCreateCommand:0" in found.files["journal"]


def test_volumes_are_filled_once(pod: Pod) -> None:
    volume, image = pod.folder / "volume", pod.folder / "image"
    volume.mkdir()
    image.mkdir()
    (image / ".hidden").write_text("x")
    (volume / ".moorage-partial").mkdir()
    assert pod.run("populate.sh", str(volume), str(image)).returncode == 0
    assert [each.name for each in volume.iterdir()] == ["data"]
    (volume / "data" / ".hidden").unlink()
    assert pod.run("populate.sh", str(volume), str(image)).returncode == 0
    assert not (volume / "data" / ".hidden").exists()
    assert pod.run("populate.sh", str(pod.folder / "image"), "/no/such").returncode == 0


def test_files_go_in_and_out_as_archives(pod: Pod) -> None:
    (pod.folder / "file").write_text("text")
    done = pod.run("inside.sh", "read", str(pod.folder / "file"))
    assert done.stdout.startswith(b"tar\n")
    assert pod.run("inside.sh", "read", "/no/such").returncode == 3
    target = pod.folder / "target"
    target.mkdir()
    assert pod.run("inside.sh", "write", str(target), stdin=done.stdout[4:]).returncode == 0
    assert (target / "file").read_text() == "text"
    assert pod.run("inside.sh", "exists", str(target)).returncode == 0
    assert pod.run("inside.sh", "exists", "/no/such").returncode != 0
