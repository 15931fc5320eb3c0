"""What runs of one session share, and what is each one's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from moorage.drivers.kubernetes.driver import KubernetesDriver
from moorage.drivers.kubernetes.options import Options, parse
from moorage.errors import EngineError
from moorage.events import Redacting, Silent
from moorage.kube.access import Access
from moorage.kube.client import Cluster
from moorage.spec.observation import EngineFacts
from moorage.workspace import site as module
from moorage.workspace.site import Offers, Site

if TYPE_CHECKING:
    from moorage.drivers.base import Driver

FACTS = EngineFacts(product="other", version="", platform="linux/amd64", cpus=1, memory=1)


class Asked:
    """Stands for a driver: `times` that it was asked, and what is wrong with it."""

    def __init__(self) -> None:
        self.times = 0
        self.wrong: Exception | None = None

    async def facts(self) -> EngineFacts:
        self.times += 1
        await asyncio.sleep(0)
        if self.wrong:
            raise self.wrong
        return FACTS


def offers(driver: Asked) -> Offers:
    return Offers(cast("Driver", driver))


async def test_whoever_asks_at_once_or_soon_after_gets_the_same_answer() -> None:
    driver = Asked()
    asked = offers(driver)
    assert await asyncio.gather(asked.facts(), asked.facts()) == [FACTS, FACTS]
    assert await asked.facts() == FACTS
    assert driver.times == 1


async def test_an_error_is_not_kept() -> None:
    driver = Asked()
    asked = offers(driver)
    driver.wrong = EngineError("The cluster is away.")
    with pytest.raises(EngineError):
        await asked.facts()
    driver.wrong = None
    assert await asked.facts() == FACTS


async def test_old_facts_are_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Asked()
    asked = offers(driver)
    await asked.facts()
    monkeypatch.setattr(module, "_FRESH", -1.0)
    await asked.facts()
    assert driver.times == 2


async def test_one_who_stops_waiting_does_not_take_the_answer_from_others() -> None:
    driver = Asked()
    asked = offers(driver)
    first = asyncio.ensure_future(asked.facts())
    second = asyncio.ensure_future(asked.facts())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == FACTS
    assert driver.times == 1


def test_options_that_one_run_takes_are_not_those_of_the_next() -> None:
    driver = KubernetesDriver(Cluster(Access(server="https://nowhere.invalid"), {}), Options(namespace="one"))
    whole = Site(
        driver=driver, options=driver.options, reporter=Redacting(Silent()), cache="/c", environment={},
        cluster=driver,
    )  # fmt: skip
    here, there = whole.beside(Redacting(Silent())), whole.beside(Redacting(Silent()))
    assert here.cluster is not None
    assert there.cluster is not None
    here.cluster.take(parse({"namespace": "one", "runtimeClass": "gvisor"}))
    assert (there.cluster.options, driver.options) == (driver.options, Options(namespace="one"))
    assert here.driver is here.cluster
    assert here.cluster.cluster is there.cluster.cluster is driver.cluster
