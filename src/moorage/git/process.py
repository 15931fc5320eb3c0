"""One run of git: no prompt, a deadline for the whole process group, and no life after ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from ..child import end
from ..spec.giturl import without_secrets
from . import failure
from .lifeline import lifeline

Progress = Callable[[str], None]

_PROTOCOLS = "https:http:ssh:git:file"
_GRACE = 2.0
# No connection that stays open behind git (ControlPersist): it would hold our end of the pipes.
_SSH = "-oBatchMode=yes -oConnectTimeout=20 -oControlMaster=no"
# Where git is started inside a hook or an alias, these would point it at another repository.
_REPOSITORY = re.compile(
    r"GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|COMMON_DIR|PREFIX"
    r"|GRAFT_FILE|SHALLOW_FILE|TRACE.*|REDACT|TEMPLATE_DIR|EXTERNAL_DIFF|PROTOCOL_FROM_USER|QUARANTINE_PATH)"
)


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How git ended; `stderr` holds its last lines without the progress, secrets removed."""

    code: int
    stdout: bytes
    stderr: tuple[str, ...]


def environment(user: Mapping[str, str]) -> dict[str, str]:
    """The user's environment, made unable to ask anything. An own GIT_ASKPASS or GIT_SSH_COMMAND stays."""
    env = {
        name: value for name, value in user.items() if not _REPOSITORY.fullmatch(name) and name != "LANGUAGE"
    }
    env |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": user.get("GIT_ASKPASS", ""),  # empty: neither core.askPass nor SSH_ASKPASS is tried
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_HTTP_LOW_SPEED_LIMIT": user.get("GIT_HTTP_LOW_SPEED_LIMIT", "1"),
        "GIT_HTTP_LOW_SPEED_TIME": user.get("GIT_HTTP_LOW_SPEED_TIME", "60"),
        "GIT_LFS_SKIP_SMUDGE": user.get("GIT_LFS_SKIP_SMUDGE", "1"),
        "LC_ALL": "C",
    }
    return env


async def ssh_command(env: Mapping[str, str]) -> str:
    """How the user has git call ssh: GIT_SSH_COMMAND, core.sshCommand, or nothing of these."""
    if "GIT_SSH_COMMAND" in env or "GIT_SSH" in env:
        return env.get("GIT_SSH_COMMAND", "")
    done = await execute(
        "git", "config", "--get", "core.sshCommand", env=environment(env), url="", timeout=10
    )
    return done.stdout.decode(errors="replace").strip()


def with_ssh(env: Mapping[str, str], configured: str) -> dict[str, str]:
    """Stop ssh from asking. `configured` is `ssh_command`; other programs than ssh are left alone."""
    if "GIT_SSH" in env and not configured:
        return dict(env)
    command = configured or "ssh"
    program = command.split()[0].rpartition("/")[2]
    return {**env, "GIT_SSH_COMMAND": f"{command} {_SSH}" if program == "ssh" else command}


async def run(
    *arguments: str,
    url: str,
    timeout: float,
    environ: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    progress: Progress | None = None,
) -> Finished:
    """Run git in `/`; `url` is for messages, `timeout` in seconds. Raises GitMissing, GitTimeout."""
    env = environment(os.environ if environ is None else environ)
    if url.startswith("ssh://") or (":" in url and "://" not in url):
        env = with_ssh(env, await ssh_command(env))
    return await execute("git", *arguments, env=env, url=url, timeout=timeout, stdin=stdin, progress=progress)


async def checked(
    *arguments: str,
    url: str,
    timeout: float,
    environ: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    progress: Progress | None = None,
) -> Finished:
    """Like `run`, with a failure of git raised as the error that its words mean."""
    done = await run(*arguments, url=url, timeout=timeout, environ=environ, stdin=stdin, progress=progress)
    if done.code != 0:
        raise failure.explained(url, done.stderr)
    return done


async def execute(
    program: str,
    *arguments: str,
    env: Mapping[str, str],
    url: str,
    timeout: float,
    stdin: bytes = b"",
    progress: Progress | None = None,
) -> Finished:
    """Run git, or ssh's tools beside it, in exactly this environment. Raises GitMissing, GitTimeout."""
    if not _is_there(program, env):
        raise failure.missing(program)
    with lifeline() as line:
        child = await asyncio.create_subprocess_exec(
            *line.command(program, *arguments),
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=env,
            cwd="/",
            start_new_session=True,  # a group of its own, and no terminal that anything could ask on
            pass_fds=(line.theirs,),
        )
        try:
            async with asyncio.timeout(timeout):
                stdout, stderr, _ = await asyncio.gather(
                    _read(child.stdout), _read_lines(child.stderr, progress), _write(child.stdin, stdin)
                )
                code = await child.wait()
            line.release()
        except TimeoutError:
            raise failure.timed_out(url, timeout) from None
        finally:
            await end(child, _GRACE)  # asked first: git removes its locks
    return Finished(code=code, stdout=stdout, stderr=stderr)


def _is_there(program: str, env: Mapping[str, str]) -> bool:
    """Whether the shell that becomes the program will find it."""
    return any(os.access(f"{folder}/{program}", os.X_OK) for folder in os.get_exec_path(env))


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None
    return await stream.read()


async def _read_lines(stream: asyncio.StreamReader | None, progress: Progress | None) -> tuple[str, ...]:
    """git ends the states of one progress line by carriage returns; ssh ends its lines by both."""
    assert stream is not None
    tail: deque[str] = deque(maxlen=40)
    rest = b""
    while chunk := await stream.read(65536):
        *pieces, rest = re.split(rb"(?<=\n)|(?<=\r)(?=[^\n])", rest + chunk)
        for piece in pieces:
            _take(piece, tail, progress)
        rest = rest[-65536:]
    _take(rest, tail, progress)
    return tuple(tail)


def _take(piece: bytes, tail: deque[str], progress: Progress | None) -> None:
    line = without_secrets(piece.decode("utf-8", "replace")).rstrip()
    if not line:
        return
    if not piece.endswith(b"\r"):
        tail.append(line)
    if progress:
        progress(line)


async def _write(stream: asyncio.StreamWriter | None, data: bytes) -> None:
    if stream is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the exit status says why
        stream.write(data)
        await stream.drain()
        stream.close()
        await stream.wait_closed()
