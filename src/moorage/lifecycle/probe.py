"""The user's environment for `exec` and tools: from the journal's cache, else by asking the shell once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ..drivers.base import Inside
from ..events import Notice, Reporter
from ..spec.observation import Container, Journal
from .conversation import Conversation, Following, Probed
from .environment import dropped, merge


class UserEnvironment(msgspec.Struct, frozen=True):
    """All variables of a command, and the container's own that it must not inherit (engines need telling)."""

    values: dict[str, str]
    unset: tuple[str, ...]


async def user_environment(
    inside: Inside,
    container: Container,
    journal: Journal,
    *,
    user: str,
    probe: str,
    layers: Iterable[Mapping[str, str | None]] = (),
    reporter: Reporter,
) -> UserEnvironment:
    """What a command of this user sees.

    `layers` go over what the shell says: remoteEnv, then the command line. No round trip when the journal has
    the probe's result. Raises what `Conversation.begin` raises.
    """
    probed = journal.probes.get(probe)
    if probed is None and probe != "none":
        probed = await _asked(inside, container.id, user, probe, reporter)
    merged = merge(container.environment, probed or {}, layers, root=is_root(user or container.user))
    return UserEnvironment(merged, dropped(container.environment, merged))


def is_root(user: str) -> bool:
    """Whether this user of `docker exec` is the administrator."""
    return user.partition(":")[0] in ("", "root", "0")


def report(probed: Probed, probe: str, reporter: Reporter) -> None:
    """Tell a person once when the shell gave no environment."""
    if probed.status not in ("timeout", "failed"):
        return
    why = "did not end in time" if probed.status == "timeout" else "failed"
    reporter.emit(
        Notice(
            level="warning",
            code="user-env-probe",
            text=f"The user's shell {why} while it was asked for its environment ({probe}); "
            "the container's own environment is used.",
            hint='Look into the shell\'s start-up files, or set "userEnvProbe": "none".',
        )
    )


async def _asked(inside: Inside, instance: str, user: str, probe: str, reporter: Reporter) -> dict[str, str]:
    talk = await Conversation.begin(inside, "environment", instance=instance, user=user, probe=probe)
    async with talk:
        answer = await talk.answer()
    if isinstance(answer, Following):
        return {}
    report(answer, probe, reporter)
    return answer.environment
