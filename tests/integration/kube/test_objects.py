"""Objects on a real API server: what is applied, who may, what refuses."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
import pytest

from moorage.errors import MoorageError
from moorage.kube import errors
from moorage.kube.access import Access, Impersonation
from moorage.kube.client import Cluster
from moorage.kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, NODE, POD, SECRET
from moorage.kube.objects import Head, allowed, apply, create, delete, find, get, merge, scale
from tests.cluster.cluster import Cluster as RealCluster
from tests.integration.kube.place import ENVIRON

E = TypeVar("E", bound=MoorageError)


class Data(msgspec.Struct):
    data: dict[str, str] = {}


class Spec(msgspec.Struct):
    replicas: int = 0


class Replicated(msgspec.Struct):
    spec: Spec = msgspec.field(default_factory=Spec)


def config_map(name: str = "one", labels: dict[str, str] | None = None, **data: str) -> dict[str, object]:
    metadata = {"name": name, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def pod(name: str = "one", **container: object) -> dict[str, object]:
    spec = {"containers": [{"name": "c", "image": "busybox:latest", **container}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


async def test_an_object_is_created_once(kube: Cluster) -> None:
    made = await create(kube, config_map(a="1"), Head)
    assert made.metadata.uid
    with pytest.raises(errors.ObjectExists):
        await create(kube, config_map(a="2"), Head)
    found = await get(kube, CONFIG_MAP, "one", Data)
    assert found is not None
    assert found.data == {"a": "1"}
    assert await get(kube, CONFIG_MAP, "two", Data) is None


async def test_a_dry_run_creates_nothing(kube: Cluster) -> None:
    await create(kube, config_map(), Head, dry_run=True)
    await apply(kube, config_map(), Head, dry_run=True)
    assert await get(kube, CONFIG_MAP, "one", Head) is None


async def test_what_is_applied_stays_beside_what_others_have_set(kube: Cluster, cluster: RealCluster) -> None:
    await apply(kube, config_map(a="1", b="1"), Head)
    cluster.kubectl("-n", kube.access.namespace, "patch", "configmap", "one", "-p", '{"data":{"theirs":"1"}}')
    await apply(kube, config_map(a="2"), Head)
    found = await get(kube, CONFIG_MAP, "one", Data)
    assert found is not None
    assert found.data == {"a": "2", "theirs": "1"}


async def test_a_field_of_another_is_a_conflict_unless_forced(kube: Cluster, cluster: RealCluster) -> None:
    cluster.apply(kube.access.namespace, config_map(a="theirs"))
    with pytest.raises(errors.ObjectConflict, match="owns fields"):
        await apply(kube, config_map(a="ours"), Head, force=False)
    assert (await apply(kube, config_map(a="ours"), Data)).data == {"a": "ours"}


async def test_objects_are_found_by_labels(kube: Cluster) -> None:
    await asyncio.gather(*(create(kube, config_map(f"m{n}", {"n": str(n)}), Head) for n in range(5)))
    found = await find(kube, CONFIG_MAP, Head, labels="n in (1,3)")
    assert sorted(each.metadata.name for each in found.items) == ["m1", "m3"]
    assert found.version
    named = await find(kube, CONFIG_MAP, Head, fields="metadata.name=m2")
    assert [each.metadata.name for each in named.items] == ["m2"]
    everywhere = await find(kube, CONFIG_MAP, Head, everywhere=True, labels="n=4")
    assert [each.metadata.namespace for each in everywhere.items] == [kube.access.namespace]


async def test_only_the_very_object_is_deleted(kube: Cluster) -> None:
    made = await create(kube, config_map(), Head)
    with pytest.raises(errors.ObjectConflict):
        await delete(kube, CONFIG_MAP, "one", uid="00000000-0000-0000-0000-000000000000")
    with pytest.raises(errors.ObjectConflict):
        await delete(kube, CONFIG_MAP, "one", version="1")
    assert await delete(kube, CONFIG_MAP, "one", uid=made.metadata.uid, version=made.metadata.resourceVersion)
    assert not await delete(kube, CONFIG_MAP, "one")


async def test_a_patch_changes_only_the_state_that_was_seen(kube: Cluster) -> None:
    made = await create(kube, config_map(a="1", b="1"), Head)
    version = made.metadata.resourceVersion
    patched = await merge(
        kube, CONFIG_MAP, "one", {"metadata": {"resourceVersion": version}, "data": {"a": None}}, Data
    )
    assert patched.data == {"b": "1"}
    with pytest.raises(errors.ObjectConflict):
        await merge(kube, CONFIG_MAP, "one", {"metadata": {"resourceVersion": version}}, Head)


async def test_what_is_owned_goes_with_its_owner(kube: Cluster) -> None:
    owner = await create(kube, config_map("owner"), Head)
    owned = config_map("owned")
    owned["metadata"] = {
        "name": "owned",
        "ownerReferences": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": "owner",
                "uid": owner.metadata.uid,
                "blockOwnerDeletion": True,
            }
        ],
    }
    made = await create(kube, owned, Head)
    assert made.metadata.ownerReferences[0].uid == owner.metadata.uid
    await delete(kube, CONFIG_MAP, "owner", propagation="Foreground")
    async with asyncio.timeout(30):
        while await get(kube, CONFIG_MAP, "owned", Head) or await get(kube, CONFIG_MAP, "owner", Head):
            await asyncio.sleep(0.05)


async def test_a_deployment_is_scaled(kube: Cluster) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    await apply(
        kube, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}, Head
    )
    await scale(kube, "d", 1)
    found = await get(kube, DEPLOYMENT, "d", Replicated)
    assert found is not None
    assert found.spec.replicas == 1
    with pytest.raises(errors.ObjectMissing):
        await scale(kube, "nowhere", 1)


# ── what refuses ──


async def refusal(kube: Cluster, manifest: dict[str, object], kind: type[E]) -> E:
    """What the API server says of it, once it has heard of a limit that was just made."""
    async with asyncio.timeout(30):
        while True:
            try:
                await create(kube, manifest, Head, dry_run=True)
            except kind as error:
                return error
            except errors.ClusterRefused:
                await asyncio.sleep(0.1)


async def test_a_namespace_that_is_not_there_is_told(kube: Cluster) -> None:
    with pytest.raises(errors.NamespaceMissing):
        await create(kube, config_map(), Head, namespace="moorage-no-such-namespace")


async def test_an_invalid_object_is_told(kube: Cluster) -> None:
    with pytest.raises(errors.ObjectInvalid, match="containers"):
        await create(kube, {**pod(), "spec": {"containers": []}}, Head)


async def test_a_quota_is_told(kube: Cluster, cluster: RealCluster) -> None:
    namespace = kube.access.namespace
    cluster.kubectl("-n", namespace, "create", "quota", "q", "--hard=configmaps=0,pods=0")
    error = await refusal(kube, pod(), errors.QuotaExceeded)
    assert "exceeded quota: q" in error.evidence[1]


async def test_a_limit_range_is_told(kube: Cluster, cluster: RealCluster) -> None:
    limit = {"type": "Container", "max": {"cpu": "1"}}
    cluster.apply(
        kube.access.namespace,
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": [limit]}},
    )
    await refusal(kube, pod(resources={"limits": {"cpu": "2"}}), errors.LimitExceeded)


async def test_pod_security_is_told(access: Access, cluster: RealCluster) -> None:
    with cluster.namespace({"pod-security.kubernetes.io/enforce": "restricted"}) as name:
        async with Cluster(msgspec.structs.replace(access, namespace=name), ENVIRON) as kube:
            with pytest.raises(errors.PodSecurityForbids) as caught:
                await create(kube, pod(), Head)
    assert "runAsNonRoot" in " ".join(caught.value.evidence)


async def test_a_missing_verb_is_told_and_known_beforehand(access: Access, home: str) -> None:
    user = msgspec.structs.replace(
        access.user, impersonation=Impersonation(user="jo", groups=("crew", "guests"))
    )
    jo = msgspec.structs.replace(access, user=user, namespace=home)
    async with Cluster(jo, ENVIRON) as kube:
        with pytest.raises(errors.Forbidden) as caught:
            await create(kube, config_map(), Head)
        error = caught.value
        assert (error.verb, error.resource, error.namespace) == ("create", "configmaps", home)
        with pytest.raises(errors.Forbidden) as caught:
            await find(kube, NODE, Head)
        assert caught.value.namespace == ""
        assert not await allowed(kube, "get", SECRET)
        assert not await allowed(kube, "create", POD, sub="exec")
    async with Cluster(access, ENVIRON) as kube:
        assert await allowed(kube, "create", POD, sub="exec")
        assert await allowed(kube, "create", NAMESPACE)


@pytest.mark.serial
async def test_an_api_server_that_restarts_is_waited_for(kube: Cluster, cluster: RealCluster) -> None:
    await create(kube, config_map(), Head)
    gone = cluster.api_server_gone()
    await asyncio.to_thread(gone.__enter__)
    try:
        asked = asyncio.create_task(get(kube, CONFIG_MAP, "one", Head))
        applied = asyncio.create_task(apply(kube, config_map(a="2"), Data))
        await asyncio.sleep(0.3)
        assert not asked.done()
    finally:
        await asyncio.to_thread(gone.__exit__, None, None, None)
    assert await asked is not None
    assert (await applied).data == {"a": "2"}
