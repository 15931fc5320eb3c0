"""Runs git where the root is an image that is being built: nothing of that image is run, read or asked.

So it is the runtime's own git where there is one, without a shell (`moorage.git` starts it through /bin/sh),
without the settings in /etc and in a home, and with nothing of our environment but the way to the network.
"""

from __future__ import annotations

import asyncio
import os
import shutil

from moorage import child
from moorage.git import failure
from moorage.inside.environment import ROOT, certificates

_SECONDS = 600.0
_GRACE = 2.0
_LINES = 40
_PASSED = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO")


async def git(*arguments: str, url: str, folder: str = "/") -> str:
    """What it prints. `url` is for messages. Raises what its words mean (`moorage.git.failure`)."""
    own = f"{ROOT}/bin/git"
    program = own if os.access(own, os.X_OK) else shutil.which("git")
    if program is None:
        raise failure.missing("git")
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
        cwd=folder,
        start_new_session=True,
        preexec_fn=child.dies_with_us(),
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError:
        raise failure.timed_out(url, _SECONDS) from None
    finally:
        await child.end(process, _GRACE)
    if process.returncode:
        raise failure.explained(url, errors.decode(errors="replace").splitlines()[-_LINES:])
    return output.decode("utf-8", "surrogateescape")


def environment() -> dict[str, str]:
    """All that git and what it starts get to know."""
    passed = {
        name: os.environ[name] for each in _PASSED for name in (each, each.lower()) if name in os.environ
    }
    authorities = certificates()
    trusted = {"GIT_SSL_CAINFO": authorities} if os.path.isfile(authorities) else {}  # noqa: PTH113
    return {
        "PATH": f"{ROOT}/bin" if os.path.isdir(f"{ROOT}/bin") else os.defpath,  # noqa: PTH112
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git",
        "GIT_ASKPASS": "",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": f"ssh -F {os.devnull} -oBatchMode=yes -oConnectTimeout=20",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1",
        "GIT_HTTP_LOW_SPEED_TIME": "60",
        **trusted,
        **passed,
    }
