"""The runner of hooks in a pod: as the remote user, joined, journaled, with the environment of the shell."""

from __future__ import annotations

import asyncio

from moorage.drivers.kubernetes.known import Identity, Known
from moorage.lifecycle.conversation import Conversation, Following, Probed
from moorage.lifecycle.dialogue import Task, script
from tests.integration.kubernetes.conftest import Place

NOBODY = Identity(uid=65534, gid=65534, name="nobody", home="/")


async def test_hooks_run_as_the_remote_user_and_are_journaled(place: Place) -> None:
    spec = place.spec(remote_user="nobody")
    await place.up(spec, Known(remote=NOBODY))
    container = (await place.driver.observe(spec.name)).container
    assert container is not None
    inside = place.driver.inside(container.id)
    talk = await Conversation.begin(
        inside, "run", instance=container.id, user="nobody", probe="loginShell", probe_seconds=5
    )
    task = Task(
        stage="onCreateCommand:0",
        key="onCreateCommand:0",
        argv=("sh", "-c", 'id -u; echo "$SECRET"; touch /tmp/made'),
    )
    async with talk:
        probed = await talk.answer()
        assert isinstance(probed, Probed)
        environment = {**container.environment, "SECRET": "a secret\nin lines"}
        await talk.process.write(script([task], environment=environment, folder="/", secrets=("nothing",)))
        assert isinstance(await talk.answer(), Following)
        said = b"".join([data async for data in talk.rest()]).decode()
    assert "65534" in said
    assert "in lines" in said
    assert (await place.driver.observe(spec.name)).journal.done == ("onCreateCommand:0",)
    for _ in range(50):  # what hooks installed may have changed what the shell says: it is asked again
        seen = await place.driver.observe(spec.name)
        if seen.journal.probes:
            break
        await asyncio.sleep(0.1)
    assert "loginShell" in seen.journal.probes
    assert await inside.exists("/tmp/made")
