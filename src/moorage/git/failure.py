"""What went wrong when git failed, read from its last lines. Pure; git runs in the C locale for this."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import DeadlineError, MoorageError, SourceError
from ..spec.giturl import read, without_secrets


class GitMissing(SourceError):
    """There is no git on this machine."""

    code = "git-missing"


class RepositoryNotFound(SourceError):
    """The host is there, the repository is not, or not for this login."""

    code = "repository-not-found"


class GitLoginRequired(SourceError):
    """The host wants a login, and git found none that it could use without asking."""

    code = "git-login-required"


class HostUnverified(SourceError):
    """The ssh server's key is not among the known hosts, or has changed."""

    code = "git-host-unverified"


class HostUnreachable(SourceError):
    """The repository's host has no address, or nothing answers there."""

    code = "git-host-unreachable"


class RefNotFound(SourceError):
    """The repository is there, the branch, tag, commit or pull request is not."""

    code = "ref-not-found"


class LfsMissing(SourceError):
    """LFS was asked for, and there is no git-lfs where the files are checked out."""

    code = "git-lfs-missing"


class GitFailed(SourceError):
    """git failed in a way that has no class of its own; its words are the evidence."""

    code = "git-failed"


class GitTimeout(DeadlineError):
    """git did not end within its limit."""

    code = "git-timeout"


_REF = (
    r"couldn't find remote ref|not our ref|unadvertised object|Remote branch .* not found"
    r"|reference is not a tree|not a commit"
)
_HOST_KEY = r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|no .*host key is known"
_LOGIN = (
    r"could not read (?:Username|Password)|terminal prompts disabled|Authentication failed"
    r"|Permission denied \(|Access denied|Invalid username or|returned error: 40[13]"
    r"|Too many authentication failures|Support for password authentication was removed"
)
_NOT_FOUND = (
    r"[Rr]epository .*not found|does not appear to be a git repository|returned error: 404|not exported"
    r"|repository .* does not exist|[Pp]roject .* could not be found|no such repository"
    r"|[Nn]o such file or directory"
)
_UNREACHABLE = (
    r"Could not resolve host|unable to look up|Name or service not known|Temporary failure in name resolution"
    r"|Connection (?:refused|timed out|reset)|Operation timed out|Network is unreachable|No route to host"
    r"|Failed to connect|unable to connect|Couldn't connect|SSL certificate problem|certificate verif"
)


def missing(program: str) -> GitMissing:
    return GitMissing(
        f"{program} is not installed here.",
        hint="Install git (for example `sudo apt-get install git`) and try again.",
    )


def timed_out(url: str, seconds: float) -> GitTimeout:
    return GitTimeout(
        f"git did not finish with {shown(url)} in {seconds:g} s.",
        hint="Check the connection, or give it more time with `--timeout`.",
    )


def ref_not_found(url: str, what: str, evidence: Sequence[str] = (), hint: str = "") -> RefNotFound:
    return RefNotFound(
        f"{shown(url)} has no {what}.",
        evidence=tuple(evidence),
        hint=hint or "Check the name, and that it was pushed.",
    )


def explained(url: str, lines: Sequence[str]) -> MoorageError:
    """The error for git's last lines on standard error."""
    evidence = tuple(without_secrets(line) for line in lines[-20:])
    text, name = "\n".join(evidence), shown(url)
    if "No space left on device" in text:
        return GitFailed(
            f"The disk is full while git reads {name}.", evidence=evidence, hint="Make room on the disk."
        )
    if re.search(_REF, text):
        return ref_not_found(url, "such branch, tag or commit", evidence)
    if re.search(_HOST_KEY, text):
        hint = f"Connect once with `ssh {_host(url)}` and compare the key that it shows."
        return HostUnverified(f"The ssh key of {_host(url)} is not known.", evidence=evidence, hint=hint)
    if re.search(_LOGIN, text):
        return login_required(url, evidence)
    if re.search(_UNREACHABLE, text):
        hint = "Check the host's name, the network and the proxy settings."
        return HostUnreachable(f"{_host(url)} cannot be reached.", evidence=evidence, hint=hint)
    if re.search(_NOT_FOUND, text):
        hint = "Check the spelling; a private repository may also need a login."
        return RepositoryNotFound(f"There is no repository {name}.", evidence=evidence, hint=hint)
    if "dubious ownership" in text:
        hint = "Allow it with `git config --global --add safe.directory PATH` if you trust its owner."
        return GitFailed(f"{name} belongs to another user.", evidence=evidence, hint=hint)
    return GitFailed(f"git failed with {name}.", evidence=evidence, hint="Read git's own words above.")


def login_required(url: str, evidence: Sequence[str] = ()) -> GitLoginRequired:
    address = read(url)
    if address and address.scheme == "ssh":
        hint = "Load your key into the ssh agent (`ssh-add`) and check it with `ssh-add -l`."
    else:
        hint = f"Set a credential helper of git, then log in once: `git ls-remote {shown(url)}` asks."
    return GitLoginRequired(
        f"{shown(url)} needs a login, or does not exist.", evidence=tuple(evidence), hint=hint
    )


def shown(url: str) -> str:
    """The address for messages."""
    address = read(url)
    return address.shown if address else without_secrets(url)


def _host(url: str) -> str:
    address = read(url)
    return (address.host if address else "") or "the host"
