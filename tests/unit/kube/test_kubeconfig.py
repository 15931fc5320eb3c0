"""Kubeconfig files, their merging, options over them, and the account of a pod."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from moorage.kube.access import Access, Pem
from moorage.kube.document import parse
from moorage.kube.errors import BadClusterOption, BadKubeconfig, ClusterMissing
from moorage.kube.kubeconfig import Wanted, files_of, find

PLAIN = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "work",
    "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1:6443/"}}],
    "users": [{"name": "u", "user": {"token": "t"}}],
    "contexts": [{"name": "work", "context": {"cluster": "c", "user": "u", "namespace": "dev"}}],
}


def config(folder: Path, name: str = "config", **changes: object) -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(PLAIN | changes))
    return str(path)


def found(path: str, **wanted: str) -> Access:
    return find(Wanted(config=path, **wanted), {}, "/home/me")


def user(**fields: object) -> list[object]:
    return [{"name": "u", "user": fields}]


def cluster(**fields: object) -> list[object]:
    return [{"name": "c", "cluster": {"server": "https://10.0.0.1:6443"} | fields}]


def test_the_current_context_says_it_all(tmp_path: Path) -> None:
    access = found(config(tmp_path))
    assert access.server == "https://10.0.0.1:6443"
    assert (access.namespace, access.context, access.user.token) == ("dev", "work", "t")


def test_options_choose_context_and_namespace(tmp_path: Path) -> None:
    contexts = [*PLAIN["contexts"], {"name": "home", "context": {"cluster": "c", "user": "u"}}]  # type: ignore[misc]
    path = config(tmp_path, contexts=contexts)
    assert found(path, context="home").namespace == "default"
    assert found(path, context="home", namespace="mine").namespace == "mine"


def test_a_wrong_context_is_told_with_the_nearest(tmp_path: Path) -> None:
    path = config(tmp_path)
    with pytest.raises(BadKubeconfig) as caught:
        found(path, context="wrok")
    assert caught.value.hint == "Did you mean work?"
    assert path in caught.value.evidence[0]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"contexts": [{"name": "work", "context": {"cluster": "x", "user": "u"}}]}, "cluster 'x'"),
        ({"contexts": [{"name": "work", "context": {"cluster": "c", "user": "x"}}]}, "user 'x'"),
        ({"current-context": ""}, "No context"),
        ({"clusters": cluster(server="ftp://x")}, "no address"),
        ({"clusters": cluster(**{"certificate-authority-data": "%%%x"})}, "base64"),
        ({"clusters": "none"}, "cannot be read"),
        ({"users": user(**{"auth-provider": {"name": "gcp"}})}, "auth-provider 'gcp'"),
        (
            {"users": user(exec={"command": "x", "apiVersion": "client.authentication.k8s.io/v1alpha1"})},
            "v1alpha1",
        ),
        ({"users": user(exec={"command": "x", "apiVersion": "v1"})}, "speaks v1"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, changes: dict[str, object], place: str) -> None:
    with pytest.raises(BadKubeconfig, match=place) as caught:
        found(config(tmp_path, **changes))
    assert caught.value.hint
    assert caught.value.evidence


def test_broken_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("clusters:\n- name: a\n   bad: [\n")
    with pytest.raises(BadKubeconfig) as caught:
        found(str(path))
    assert f"{path}:3:" in caught.value.evidence[0]


def test_names_stay_the_texts_that_they_are(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(
        "current-context: 0123\n"
        "contexts: [{name: 0123, context: {cluster: yes, user: 1e3, namespace: null}}]\n"
        "clusters: [{name: yes, cluster: {server: 'https://a', insecure-skip-tls-verify: true}}]\n"
        "users: [{name: 1e3, user: {token: 0x1f, as: ~}}]\n"
    )
    access = found(str(path))
    assert (access.context, access.user.token, access.insecure, access.namespace) == (
        "0123",
        "0x1f",
        True,
        "default",
    )
    assert access.user.impersonation.user == ""


def test_files_named_in_a_file_start_at_its_folder(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        clusters=cluster(**{"certificate-authority": "ca.crt"}),
        users=user(**{"client-certificate": "../c.crt", "client-key": "/k", "tokenFile": "t"}),
    )
    access = found(path)
    assert access.authority == Pem(file=f"{tmp_path}/ca.crt")
    assert access.user.certificate.file == f"{tmp_path}/../c.crt"
    assert (access.user.key.file, access.user.token_file) == ("/k", f"{tmp_path}/t")


def test_inline_data_counts_before_files(tmp_path: Path) -> None:
    data = base64.b64encode(b"pem").decode()
    path = config(
        tmp_path, clusters=cluster(**{"certificate-authority": "ca.crt", "certificate-authority-data": data})
    )
    assert found(path).authority == Pem(data=b"pem")


def test_a_plugin_is_read_with_what_it_is_told(tmp_path: Path) -> None:
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": 5, "on": True}}
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./login",
        "args": ["a", 1],
        "env": [{"name": "A", "value": "b"}],
        "installHint": "install it",
        "provideClusterInfo": True,
        "interactiveMode": "Never",
    }
    access = found(config(tmp_path, clusters=cluster(extensions=[extension]), users=user(exec=plugin)))
    made = access.user.plugin
    assert made is not None
    assert made.command == f"{tmp_path}/./login"
    assert made.arguments == ("a", "1")
    assert made.environment == (("A", "b"),)
    assert made.cluster == b'{"audience":5,"on":true}'
    assert (made.hint, made.interactive, made.cluster_info) == ("install it", "Never", True)


def test_impersonation_tls_name_and_proxy_are_read(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        clusters=cluster(**{"tls-server-name": "api", "proxy-url": "http://p:3128"}),
        users=user(
            **{"token": "t", "as": "jo", "as-groups": ["g"], "as-uid": "7", "as-user-extra": {"k": ["v"]}}
        ),
    )
    access = found(path)
    assert (access.server_name, access.proxy) == ("api", "http://p:3128")
    who = access.user.impersonation
    assert (who.user, who.uid, who.groups, who.extra) == ("jo", "7", ("g",), (("k", ("v",)),))


def test_of_several_files_the_first_counts(tmp_path: Path) -> None:
    first = config(tmp_path, "a", clusters=[], users=[], contexts=[], **{"current-context": "home"})
    second = config(tmp_path, "b", users=user(token="b"))
    third = config(
        tmp_path,
        "c",
        users=user(token="c"),
        contexts=[{"name": "home", "context": {"cluster": "c", "user": "u"}}],
    )
    environ = {"KUBECONFIG": f"{first}::{tmp_path}/missing:{second}:{third}"}
    access = find(Wanted(), environ, "/home/me")
    assert (access.context, access.user.token) == ("home", "b")


def test_tilde_is_the_home_folder() -> None:
    assert files_of("~/k", {}, "/home/me") == ("/home/me/k",)
    assert files_of("", {"KUBECONFIG": "~/a:/b:~/a"}, "/home/me") == ("/home/me/a", "/b")
    assert files_of("", {}, "/home/me") == ("/home/me/.kube/config",)


def test_a_host_needs_no_kubeconfig(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t")
    wanted = Wanted(host="10.0.0.1:6443", token_file=str(token), certificate_authority=str(token))
    access = find(wanted, {"KUBECONFIG": "/nowhere"}, "/home/me")
    assert access.server == "https://10.0.0.1:6443"
    assert access.user.token_file == str(token)
    assert access.authority.file == str(token)


def test_credentials_by_option_replace_those_of_the_kubeconfig(tmp_path: Path) -> None:
    for name in ("c", "k"):
        (tmp_path / name).write_text("")
    access = found(config(tmp_path), client_certificate=str(tmp_path / "c"), client_key=str(tmp_path / "k"))
    assert access.user.token == ""
    assert access.user.certificate.file == f"{tmp_path}/c"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(host="a", client_certificate="/c"), "only one"),
        (Wanted(host="a", token_file="/nowhere"), "There is no file"),
        (Wanted(host="a b"), "no address"),
        (Wanted(host="https://me:secret@a"), "no address"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(wanted: Wanted, words: str) -> None:
    with pytest.raises(BadClusterOption, match=words):
        find(wanted, {}, "/home/me")


def test_a_config_that_is_not_there_is_told() -> None:
    with pytest.raises(BadKubeconfig, match="There is no kubeconfig"):
        found("/nowhere/config")


def test_in_a_pod_its_account_is_used_where_no_kubeconfig_is(tmp_path: Path) -> None:
    for name, text in (("token", "t"), ("ca.crt", "pem"), ("namespace", "dev\n")):
        (tmp_path / name).write_text(text)
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = find(Wanted(), environ, str(tmp_path), account=str(tmp_path))
    assert (access.server, access.namespace) == ("https://[fd00::1]:443", "dev")
    assert access.user.token_file == f"{tmp_path}/token"
    assert find(Wanted(config=config(tmp_path)), environ, "/", account=str(tmp_path)).context == "work"


def test_one_of_the_two_ways_can_be_demanded(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": config(tmp_path)}
    inside = find(Wanted(kubeconfig=False), environ, "/", account=str(tmp_path))
    assert inside.origin == "the service account of this pod"
    assert find(Wanted(kubeconfig=True), environ, "/", account=str(tmp_path)).context == "work"
    with pytest.raises(ClusterMissing, match="this is no pod"):
        find(Wanted(kubeconfig=False), environ, "/", account="/nowhere")
    del environ["KUBECONFIG"]
    assert find(Wanted(), environ, "/nowhere", account=str(tmp_path)) == inside
    with pytest.raises(ClusterMissing):
        find(Wanted(kubeconfig=True), environ, "/nowhere", account=str(tmp_path))


def test_nothing_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterMissing):
        find(Wanted(), {}, str(tmp_path), account=str(tmp_path))


@given(text=st.binary(max_size=120))
def test_no_bytes_break_the_reader(text: bytes) -> None:
    with contextlib.suppress(BadKubeconfig):
        parse(text, "file")


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    access = found(config(tmp_path, users=user(token="hunter2", password="hunter2")))
    assert "hunter2" not in repr(access)
