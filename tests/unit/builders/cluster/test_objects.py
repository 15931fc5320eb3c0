"""A builder's pod: which rights each way gives it, and that equal settings share one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from moorage.builders.cluster import objects
from moorage.builders.cluster.settings import BadBuildkitAddress, Given, Settings, buildkitd, given, mode
from moorage.oci.configuration import Registries

SETTINGS = Settings(namespace="dev", image="moby/buildkit:latest")


def changed(**fields: object) -> Settings:
    return msgspec.structs.replace(SETTINGS, **fields)


def spec(settings: Settings) -> Any:
    return objects.pod(settings)["spec"]


def rights(settings: Settings) -> Any:
    return spec(settings)["containers"][0]["securityContext"]


def test_equal_settings_are_one_builder_and_others_another() -> None:
    assert objects.name(SETTINGS) == objects.name(changed())
    others = [changed(image="x"), changed(mode="privileged"), changed(authorities="pem"), changed(idle=1)]
    assert len({objects.name(each) for each in (SETTINGS, *others)}) == 5


def test_the_usual_way_is_a_user_namespace_without_privilege() -> None:
    assert spec(SETTINGS)["hostUsers"] is False
    assert "privileged" not in rights(SETTINGS)
    assert rights(SETTINGS)["procMount"] == "Unmasked"


def test_privilege_only_where_it_is_asked_for() -> None:
    privileged = changed(mode=mode("moby/buildkit:rootless", privileged=True))
    assert rights(privileged)["privileged"] is True
    assert "hostUsers" not in spec(privileged)


def test_a_rootless_image_runs_as_its_user() -> None:
    assert mode("registry.example.com:5000/rootless/buildkit:v1", privileged=False) == "user-namespace"
    rootless = changed(mode=mode("moby/buildkit:v0.1-rootless", privileged=False))
    assert rights(rootless)["runAsUser"] == 1000
    assert "rootlesskit" in spec(rootless)["containers"][0]["command"]


def test_a_pod_that_only_talks_to_a_buildkitd_has_no_rights() -> None:
    client = changed(address="tcp://buildkitd:1234")
    assert rights(client)["capabilities"] == {"drop": ["ALL"]}
    assert objects.claim(client) is None
    assert "buildkitd" not in spec(client)["containers"][0]["command"]


@pytest.mark.parametrize("settings", [SETTINGS, changed(mode="rootless"), changed(mode="privileged")])
def test_no_builder_gets_a_token_of_the_cluster(settings: Settings) -> None:
    assert spec(settings)["automountServiceAccountToken"] is False


def test_the_cache_is_a_claim_unless_it_shall_go_with_the_pod() -> None:
    claim: Any = objects.claim(changed(storage_class="fast"))
    assert claim["metadata"]["name"] == objects.name(changed(storage_class="fast"))
    assert claim["spec"]["storageClassName"] == "fast"
    assert objects.claim(changed(cache_size="")) is None
    assert {"name": "state", "emptyDir": {}} in spec(changed(cache_size=""))["volumes"]


def test_plain_http_and_mirrors_are_told_to_buildkitd() -> None:
    registries = Registries(
        mirrors={"docker.io": ("http://mirror.example.com:5000", "second.example.com")},
        insecure=frozenset({"plain.example.com"}),
    )
    text = buildkitd(changed(registries=registries))
    assert '[registry."docker.io"]\nmirrors = ["mirror.example.com:5000", "second.example.com"]' in text
    assert '[registry."mirror.example.com:5000"]\nhttp = true' in text
    assert '[registry."plain.example.com"]\nhttp = true' in text


def test_an_address_may_name_a_pod() -> None:
    assert given("tcp://buildkitd:1234") is None
    assert given("kube-pod://builder?namespace=ci&container=buildkitd") == Given("builder", "ci", "buildkitd")
    with pytest.raises(BadBuildkitAddress):
        given("kube-pod://builder?node=x")
