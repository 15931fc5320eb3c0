"""The helper pod that says what nodes are, for users who may not see them."""

from __future__ import annotations

import asyncio

from moorage.drivers.kubernetes.detecting import detected, helper
from moorage.drivers.kubernetes.options import Options
from tests.integration.kubernetes.conftest import Place

KNOWN = ("amd64", "arm64")


def leave_behind(place: Place, options: Options) -> str:
    """The pod of a client that was killed."""
    name, pod = helper(place.namespace, options)
    place.cluster.apply(place.namespace, pod)
    return name


async def ask(place: Place, options: Options) -> str:
    return await detected(place.driver.cluster, place.namespace, options)


async def test_a_helper_whose_client_was_killed_is_taken_over_and_removed(place: Place) -> None:
    leave_behind(place, place.driver.options)
    assert await ask(place, place.driver.options) in KNOWN
    assert place.cluster.get(place.namespace, "pods") == []


async def test_a_helper_that_failed_before_is_made_anew(place: Place) -> None:
    name = leave_behind(place, place.driver.options)
    place.cluster.wait(place.namespace, f"pod/{name}", "jsonpath={.status.phase}=Succeeded")
    status = '{"status": {"phase": "Failed"}}'
    place.cluster.kubectl(
        "--namespace", place.namespace, "patch", "pod", name, "--subresource=status", "--patch", status
    )
    assert await ask(place, place.driver.options) in KNOWN


async def test_several_at_once_agree_and_leave_nothing(place: Place) -> None:
    answers = await asyncio.gather(*(ask(place, place.driver.options) for _ in range(5)))
    assert set(answers) <= set(KNOWN)
    assert len(set(answers)) == 1
    assert place.cluster.get(place.namespace, "pods") == []


async def test_delete_finds_a_helper_that_was_left_behind(place: Place) -> None:
    name = leave_behind(place, place.driver.options)
    place.cluster.wait(place.namespace, f"pod/{name}", "jsonpath={.status.phase}=Succeeded")
    await place.driver.delete(place.spec().workspace)
    assert place.cluster.get(place.namespace, "pods") == []
