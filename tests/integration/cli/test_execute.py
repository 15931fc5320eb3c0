"""`moorage exec` and `moorage shell`, as real processes against a real engine."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.engines.provision import Engine
from tests.outside import Cli, Docker, Images, Traces

Workspace = Callable[..., Path]


SETTINGS = {
    "remoteUser": "vscode",
    "containerEnv": {"FROM_CONTAINER": "container", "GONE": "still there"},
    "remoteEnv": {"WORD": "${localEnv:WORD:none}", "BOTH": "${containerEnv:FROM_CONTAINER}!", "GONE": None},
}


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for all tests of this module; what was made from it is removed."""
    folder = tmp_path_factory.mktemp("execute")
    traces = Traces(Docker(engine.host), folder)
    yield folder
    traces.remove()


@pytest.fixture(scope="module")
def moorage(engine: Engine, place: Path) -> Cli:
    return Cli(place / "home", engine.host)


@pytest.fixture(scope="module")
def up(moorage: Cli, place: Path, images: Images) -> Path:
    """A running workspace with a user and an environment of its own, for tests that leave it as it is."""
    return made(moorage, place / "project", images)


@pytest.fixture
def own(moorage: Cli, tmp_path: Path, images: Images, cleanup: Traces) -> Path:
    """The same for one test alone."""
    return made(moorage, tmp_path / cleanup.token, images)


def made(cli: Cli, folder: Path, images: Images) -> Path:
    (folder / ".devcontainer").mkdir(parents=True)
    settings = {"image": images.devcontainer, **SETTINGS}
    (folder / ".devcontainer/devcontainer.json").write_text(json.dumps(settings))
    cli.ok("up", folder)
    return folder


def started(cli: Cli, *arguments: str | Path, **more: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(cli.command(*arguments), env=cli.env, cwd=cli.home, **more)  # type: ignore[call-overload, no-any-return]


def processes(docker: Docker, folder: Path) -> str:
    return docker("exec", container(docker, folder), "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")


def container(docker: Docker, folder: Path) -> str:
    return docker("ps", "--all", "--quiet", "--filter", f"label=devcontainer.local_folder={folder}")


def test_user_folder_and_environment(moorage: Cli, up: Path) -> None:
    result = moorage(
        "exec", up, "sh", "-c", 'id -un; pwd; echo "$WORD $BOTH $HOME ${GONE-unset}"', env={"WORD": "local"}
    )
    assert result.stdout.splitlines() == [
        "vscode",
        "/workspaces/project",
        "local container! /home/vscode unset",
    ]
    assert (result.code, result.stderr) == (0, "")


def test_the_current_file_decides_user_and_environment(moorage: Cli, own: Path, images: Images) -> None:
    (own / ".devcontainer/devcontainer.json").write_text(
        f'{{"image": "{images.devcontainer}", "remoteUser": "root", "remoteEnv": {{"WORD": "new"}}}}'
    )
    assert moorage.ok("exec", own, "sh", "-c", "id -un; echo $WORD").stdout.split() == ["root", "new"]


def test_options_of_the_command_line_win(moorage: Cli, up: Path) -> None:
    result = moorage.ok(
        "exec", "-u", "root", "-w", "/tmp", "--env", "WORD=a b=c", "--remote-env", "X=", up,
        "sh", "-c", 'id -un; pwd; echo "$WORD|${X-unset}|$HOME"',
    )  # fmt: skip
    assert result.stdout.splitlines() == ["root", "/tmp", "a b=c||/root"]


@pytest.mark.parametrize("code", [0, 1, 42, 125, 255])
def test_the_exit_code_is_the_commands(moorage: Cli, up: Path, code: int) -> None:
    assert moorage("exec", up, "sh", "-c", f"exit {code}").code == code


def test_arguments_arrive_as_they_are(moorage: Cli, up: Path) -> None:
    words = ["-u", "--env", "--", "a b", "", "$HOME", "'", "ünï", "*"]
    result = moorage.ok("exec", up, "--", "printf", "<%s>", *words)
    assert result.stdout == "".join(f"<{word}>" for word in words)


def test_streams_are_binary_and_apart(moorage: Cli, up: Path) -> None:
    data = os.urandom(3_000_000)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started(moorage, "exec", up, "sh", "-c", "cat; echo done >&2", **pipes) as process:
        out, err = process.communicate(data, timeout=60)
    assert hashlib.sha256(out).hexdigest() == hashlib.sha256(data).hexdigest()
    assert (err, process.returncode) == (b"done\n", 0)


def test_the_end_of_input_is_passed_on(moorage: Cli, up: Path) -> None:
    assert moorage("exec", up, "sh", "-c", "wc -c; echo after", stdin="12345").stdout.split() == [
        "5",
        "after",
    ]


def test_a_command_that_is_not_there_is_127(moorage: Cli, up: Path) -> None:
    result = moorage("exec", up, "no-such-command")
    assert result.code == 127
    assert "no-such-command" in result.stdout + result.stderr


def test_failures_of_moorage_itself_are_125(moorage: Cli, up: Path) -> None:
    result = moorage("exec", "no-such-workspace", "true")
    assert result.code == 125
    assert "[no-workspace]" in result.stderr
    assert str(up) in result.stderr
    for arguments in (
        ("exec",),
        ("exec", up),
        ("exec", "--nonsense", up, "true"),
        ("exec", "-e", "x", up, "true"),
    ):
        assert moorage(*arguments).code == 125
    nobody = moorage("exec", "-u", "nobody-such", up, "true")
    assert nobody.code == 125
    assert "[user-missing]" in nobody.stderr
    assert "--user" in nobody.stderr
    assert moorage("exec", up, "true", env={"DOCKER_HOST": "unix:///nowhere/docker.sock"}).code == 125


def test_a_stopped_workspace_is_started_with_its_start_hooks(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    folder = workspace({"image": images.debian, "postStartCommand": "echo x >> /started"})
    moorage.ok("up", folder)
    moorage.ok("stop", folder)
    result = moorage.ok("exec", folder, "cat", "/started")
    assert result.stdout == "x\nx\n"
    assert "Start container" in result.stderr


def test_without_its_folder_and_all_local_state(moorage: Cli, own: Path, docker: Docker) -> None:
    name = moorage.ok("list", "--output", "json").json()
    assert isinstance(name, list)
    mine = next(each["name"] for each in name if each["source"] == str(own))
    shutil.rmtree(moorage.home)
    moorage.home.mkdir()
    assert moorage.ok("exec", own, "sh", "-c", "id -un; echo $BOTH").stdout.split() == [
        "vscode",
        "container!",
    ]
    shutil.rmtree(own)
    assert moorage.ok("exec", "-w", "/", mine, "id", "-un").stdout.strip() == "vscode"
    assert moorage.ok("stop", mine).stdout.strip() == f"{mine}  stopped"
    assert moorage.ok("delete", str(own)).stdout.startswith(f"{mine}  deleted: container ")
    assert container(docker, own) == ""


def test_an_image_without_a_shell(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    folder = workspace({"image": images.static, "overrideCommand": False})
    moorage.ok("up", folder)
    result = moorage("exec", "-w", "/", folder, "/sleep", "0")
    assert (result.code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGTERM, "TERM"), (signal.SIGINT, "INT"), (signal.SIGHUP, "HUP")]
)
def test_signals_reach_the_process_inside(moorage: Cli, up: Path, number: signal.Signals, name: str) -> None:
    script = f"trap 'echo got {name}; exit 7' {name}; echo ready; while :; do sleep 0.1; done"
    with started(moorage, "exec", up, "bash", "-c", script, stdin=subprocess.DEVNULL,
                 stdout=subprocess.PIPE, start_new_session=True) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.read() == f"got {name}\n".encode()
    assert process.returncode == 7


def test_a_signal_ends_the_children_too(moorage: Cli, up: Path, docker: Docker) -> None:
    with started(moorage, "exec", up, "sh", "-c", "echo ready; sleep 987; true", stdin=subprocess.DEVNULL,
                 stdout=subprocess.PIPE, start_new_session=True) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM
    assert "sleep 987" not in processes(docker, up)


def test_a_reader_that_goes_away_ends_it(moorage: Cli, up: Path, docker: Docker) -> None:
    with started(
        moorage, "exec", up, "yes", "endless", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 128 + signal.SIGPIPE
    until(lambda: "endless" not in processes(docker, up))


class Terminal:
    """A pseudo-terminal with a moorage command on it."""

    def __init__(self, cli: Cli, *arguments: str | Path) -> None:
        self.master, self.slave = pty.openpty()
        resize(self.master, 100, 30)
        self.before = attributes(self.master)
        self.process = started(
            cli, *arguments, stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True
        )
        self.seen = b""

    def type(self, text: bytes) -> None:
        os.write(self.master, text)

    def expect(self, text: bytes) -> None:
        """Wait until this was printed after what was expected before."""
        end = time.monotonic() + 30
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self.master], [], [], 0.2)[0]:
                self.seen += os.read(self.master, 65536)
        self.seen = self.seen.partition(text)[2]

    def wait(self) -> int:
        end = time.monotonic() + 30
        while self.process.poll() is None:
            assert time.monotonic() < end
            if select.select([self.master], [], [], 0.1)[0]:
                os.read(self.master, 65536)
        return self.process.returncode


@pytest.fixture
def terminal(moorage: Cli) -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def make(*arguments: str | Path) -> Terminal:
        made.append(Terminal(moorage, *arguments))
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()
        os.close(each.master)
        os.close(each.slave)


def test_a_terminal_has_our_size_follows_it_and_is_given_back(
    up: Path, terminal: Callable[..., Terminal]
) -> None:
    lent = terminal(
        "exec", up, "sh", "-c", 'trap "stty size; exit 3" WINCH; echo ready; while :; do sleep 0.1; done'
    )
    lent.expect(b"ready")
    assert attributes(lent.master) != lent.before  # raw
    resize(lent.master, 77, 11)
    os.killpg(lent.process.pid, signal.SIGWINCH)
    lent.expect(b"11 77")
    assert lent.wait() == 3
    assert attributes(lent.master) == lent.before


def test_keys_go_to_the_process_as_they_are(up: Path, terminal: Callable[..., Terminal]) -> None:
    lent = terminal(
        "exec",
        up,
        "sh",
        "-c",
        'tty; trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.1; done',
    )
    lent.expect(b"/dev/pts/")
    lent.expect(b"ready")
    lent.type(b"\x03")
    lent.expect(b"interrupted")
    assert lent.wait() == 9


def test_a_shell_is_the_users_own(up: Path, terminal: Callable[..., Terminal]) -> None:
    lent = terminal("shell", up)
    lent.expect(b"$ ")
    lent.type(b"echo $0:$WORD:$SHELL; exit 5\n")
    lent.expect(b"/bin/bash:none:/bin/bash")
    assert lent.wait() == 5


def test_a_shell_without_a_terminal_reads_its_commands(moorage: Cli, up: Path) -> None:
    result = moorage("shell", up, stdin="id -un; pwd\nexit 6\n")
    assert (result.code, result.stdout.split()) == (6, ["vscode", "/workspaces/project"])


def test_no_terminal_can_be_asked_for(up: Path, terminal: Callable[..., Terminal]) -> None:
    lent = terminal("exec", "--no-tty", up, "sh", "-c", "test -t 0 || echo none")
    lent.expect(b"none")
    assert lent.wait() == 0


def test_only_what_it_needs_is_loaded(moorage: Cli, up: Path) -> None:
    program = (
        "import os, sys\n"
        "sys.argv = ['moorage', 'exec', sys.argv[1], 'true']\n"
        "leave = os._exit\n"
        "def told(code):\n"
        "    heavy = ('rich', 'httpx2', 'lightkube', 'asyncssh', 'tarfile', 'email', 'http.client',\n"
        "             'tempfile', 'urllib.request', 'shutil', 'pathlib', 'moorage.oci', 'moorage.builders')\n"
        "    print(*(name for name in heavy if name in sys.modules), file=sys.stderr)\n"
        "    sys.stderr.flush()\n"
        "    leave(code)\n"
        "os._exit = told\n"
        "from moorage.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(up)], env=moorage.env, capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == []


def test_no_value_is_an_argument_of_a_process(moorage: Cli, up: Path) -> None:
    """All goes through the engine's API; exec starts nothing at all on this machine."""
    program = (
        "import sys\n"
        "seen = []\n"
        "sys.addaudithook(lambda name, args: seen.append(name) if name in ('subprocess.Popen', 'os.exec', "
        "'os.posix_spawn', 'os.fork', 'os.system') else None)\n"
        "sys.argv = ['moorage', 'exec', '-e', 'TOKEN=s3cret', sys.argv[1], 'true']\n"
        "import os\n"
        "leave = os._exit\n"
        "os._exit = lambda code: leave(99 if seen else code)\n"
        "from moorage.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(up)], env=moorage.env)
    assert done.returncode == 0


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def resize(descriptor: int, columns: int, rows: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def attributes(descriptor: int) -> list[object]:
    import termios

    return termios.tcgetattr(descriptor)
