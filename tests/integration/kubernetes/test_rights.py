"""The driver with no more rights than `rbac.roles` gives, and how it says which one is missing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.drivers.kubernetes.known import Known, Plan
from moorage.drivers.kubernetes.opening import opened
from moorage.drivers.kubernetes.options import Options
from moorage.drivers.kubernetes.ports import Ports
from moorage.kube.errors import Forbidden
from moorage.kube.forward import PortRefused
from tests.cluster.account import apply_rights, kubeconfig
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.conftest import ROOT, Place


@pytest.fixture
async def humble(cluster: Cluster, namespace: str, tmp_path: Path) -> AsyncIterator[Place]:
    config, said = kubeconfig(cluster, namespace, tmp_path), list[str]()
    options = Options(config=str(config), namespace=namespace, pod_timeout=60, cluster_role="view")
    async with opened(options, dict(os.environ), "/root", said.append) as driver:
        yield Place(cluster, namespace, driver, said)


async def test_the_least_rights_are_enough_for_a_whole_life(humble: Place) -> None:
    apply_rights(humble.cluster, humble.namespace)
    spec, driver = humble.spec(), humble.driver
    facts = await driver.facts()
    assert (facts.product, facts.cpus) == ("kubernetes", 0)
    assert facts.platform in ("linux/amd64", "linux/arm64")
    assert not humble.said
    await humble.up(spec, Known(remote=ROOT))
    assert (await driver.observe(spec.name)).journal.prepared
    tunnel = await Ports(driver, spec.name).open(4711)
    with pytest.raises(PortRefused):
        await anext(tunnel.pieces())
    await tunnel.close()
    await driver.remember(spec.name, Plan(script=b"go\n"))
    assert [each.workspace for each in await driver.list()] == [spec.workspace]
    await driver.stop(spec.name)
    await driver.remove(spec.name)
    await humble.up(spec, Known(remote=ROOT))
    await driver.delete(spec.workspace)
    left = humble.cluster.get(humble.namespace, "secrets")
    assert [each for each in left if "moorage" in each["metadata"]["name"]] == []


async def test_a_missing_right_is_named_with_the_rule_that_gives_it(humble: Place) -> None:
    with pytest.raises(Forbidden) as caught:
        await humble.up(humble.spec())
    assert (caught.value.verb, caught.value.resource) == ("create", "configmaps")
    assert any('resources: ["configmaps"]' in line for line in caught.value.evidence)
