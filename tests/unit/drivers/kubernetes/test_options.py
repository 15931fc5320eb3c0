"""Options of the Kubernetes driver: every one of the document, typed, and wrong ones explained."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.drivers.kubernetes.errors import BadOption
from moorage.drivers.kubernetes.meanings import MEANINGS
from moorage.drivers.kubernetes.options import ALIASES, OPTIONS, Options, parse


def test_nothing_given_means_the_documents_defaults() -> None:
    options = parse({})
    assert options == Options()
    assert options.persistent_volume_size == "10Gi"
    assert not options.create_namespace
    assert not options.buildkit_privileged
    assert "alpine" in options.helper_image


def test_the_documents_example_is_understood() -> None:
    given = {
        "containerInactivityTimeout": "300",
        "path": "~/bin/kubectl",
        "namespace": "my-namespace-for-devpod",
        "context": "default",
        "config": "~/.kube/config",
        "clusterRole": "",
        "serviceAccount": "",
        "buildRepository": "",
        "helperImage": "ubuntu:latest",
        "buildkitImage": "moby/buildkit",
        "buildkitPrivileged": "false",
        "persistentVolumeSize": "20Gi",
        "createNamespace": "true",
    }
    options = parse(given, home="/home/me")
    assert options.inactivity == 300
    assert options.path == "/home/me/bin/kubectl"
    assert options.config == "/home/me/.kube/config"
    assert options.namespace == "my-namespace-for-devpod"
    assert options.cluster_role == options.service_account == options.build_repository == ""
    assert options.helper_image == "ubuntu:latest"
    assert options.persistent_volume_size == "20Gi"
    assert options.create_namespace


def test_pod_settings_are_typed() -> None:
    options = parse(
        {
            "resources": "requests.cpu=500m,limits.memory=5Gi,limits.nvidia.com/gpu=1",
            "nodeSelector": "disk=ssd",
            "tolerations": "gpu=yes:NoSchedule,spot",
            "accessMode": "RWX",
            "labels": "team=a,example.com/cost=12",
            "annotations": '{"note": "a, b"}',
            "imagePullSecrets": "one, two",
            "hostUsers": "false",
            "architecture": "aarch64",
            "podTimeout": "1h30m",
        }
    )
    assert options.requests == (("cpu", "500m"),)
    assert options.limits == (("memory", "5Gi"), ("nvidia.com/gpu", "1"))
    assert options.tolerations == (
        {"operator": "Equal", "key": "gpu", "value": "yes", "effect": "NoSchedule"},
        {"operator": "Exists", "key": "spot"},
    )
    assert options.access_mode == "ReadWriteMany"
    assert options.labels == (("team", "a"), ("example.com/cost", "12"))
    assert options.annotations == (("note", "a, b"),)
    assert options.image_pull_secrets == ("one", "two")
    assert options.host_users is False
    assert options.architecture == "arm64"
    assert options.pod_timeout == 5400


def test_a_pod_template_is_read_from_a_file_or_inline() -> None:
    texts = {"/home/me/pod.yaml": "kind: Pod\nspec:\n  containers:\n  - name: sidecar\n    image: x\n"}
    found = parse({"podTemplate": "~/pod.yaml"}, home="/home/me", read=texts.__getitem__).pod_template
    assert found == {"spec": {"containers": [{"name": "sidecar", "image": "x"}]}}
    assert parse({"podTemplate": '{"hostname": "box"}'}).pod_template == {"spec": {"hostname": "box"}}


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("persistantVolumeSize", "persistentVolumeSize"),
        ("NAMESPACE", "namespace"),
        ("buildRepo", "buildRepository"),
    ],
)
def test_an_unknown_option_names_the_nearest(name: str, near: str) -> None:
    with pytest.raises(BadOption, match=f"did you mean {near}"):
        parse({name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("persistentVolumeSize", "10 gigs"),
        ("persistentVolumeSize", "0"),
        ("persistentVolumeSize", "-1Gi"),
        ("namespace", "Not_A_Name"),
        ("namespace", "a" * 64),
        ("createNamespace", "perhaps"),
        ("containerInactivityTimeout", "soon"),
        ("accessMode", "ReadOnlyMany"),
        ("labels", "a=b c"),
        ("labels", "dev.moorage.id=1"),
        ("nodeSelector", "disk"),
        ("resources", "cpu=1"),
        ("resources", "requests.cpu=much"),
        ("buildRepository", "ghcr.io/me/x:tag"),
        ("buildRepository", "https://ghcr.io/me"),
        ("builder", "magic"),
        ("tolerations", "key:Sometimes"),
        ("podTemplate", "{broken"),
        ("podTemplate", '{"kind": "Service"}'),
        ("architecture", "pdp11"),
        ("bindMounts", "yes"),
        ("config", "~/x"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_to_give(name: str, value: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse({name: value})
    assert name in caught.value.message
    assert caught.value.hint.startswith("Give ")


def test_options_that_contradict_one_another_are_refused() -> None:
    for options in (
        {"clientKey": "/k"},
        {"useKubeconfig": "false", "context": "work"},
        {"host": "10.0.0.1:6443", "context": "other"},
        {"resources": "requests.cpu=2,limits.cpu=1"},
    ):
        with pytest.raises(BadOption):
            parse(options)


def test_names_of_later_versions_are_understood() -> None:
    assert parse({"diskSize": "5Gi"}).persistent_volume_size == "5Gi"
    assert set(ALIASES.values()) <= set(OPTIONS)


def test_every_option_fills_a_field_of_its_own() -> None:
    fields = [option.field for option in OPTIONS.values() if option.field != "resources"]
    assert len(fields) == len(set(fields))
    assert {*fields, "requests", "limits"} == set(Options.__struct_fields__)


@given(st.sampled_from(sorted(OPTIONS)), st.text(max_size=30))
def test_any_text_gives_options_or_one_error(name: str, value: str) -> None:
    with suppress(BadOption):
        parse({name: value}, home="/h", read=lambda path: "")


def test_every_option_is_explained() -> None:
    assert set(MEANINGS) == set(OPTIONS)
    assert all(text.endswith(".") for text in MEANINGS.values())
