"""From a RunSpec to objects: what belongs to what, what is in which object, what is refused."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import msgspec
import pytest
import yaml

from moorage.drivers.kubernetes import naming
from moorage.drivers.kubernetes.check import verdict
from moorage.drivers.kubernetes.errors import NotPossible
from moorage.drivers.kubernetes.known import Identity, Known, Login, Plan
from moorage.drivers.kubernetes.options import Options, parse
from moorage.drivers.kubernetes.render import rendered, shown
from moorage.git.clone import CloneProgram
from moorage.spec import names
from moorage.spec.run import Content, Mount, Port, Resources, RunSpec

ID = "0123456789abcdef"
ROOT = f"moorage-{ID}"
VSCODE = Identity(uid=1000, gid=1000, name="vscode", home="/home/vscode")
BASE = RunSpec(
    image="registry.example/app@sha256:" + "a" * 64,
    workspace=ID,
    name=ROOT,
    content=Content(kind="upload", source="/home/me/app", target="/workspaces/app"),
    environment=(("TOKEN", "s3cret-value"),),
    remote_user="vscode",
    labels=((names.NAME, "app"), (names.OWNER, "me@example"), (names.METADATA, "[]")),
)
KNOWN = Known(namespace="dev", root="uid-1", remote=VSCODE)


def changed(**changes: Any) -> RunSpec:
    return msgspec.structs.replace(BASE, **changes)


def by_kind(objects: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {each["kind"]: each for each in objects}


def objects(spec: RunSpec = BASE, options: Options | None = None, known: Known = KNOWN) -> dict[str, Any]:
    return by_kind(rendered(spec, options or Options(), known))


def pod(spec: RunSpec = BASE, options: Options | None = None, known: Known = KNOWN) -> dict[str, Any]:
    found: dict[str, Any] = objects(spec, options, known)["Deployment"]["spec"]["template"]["spec"]
    return found


def main(spec: RunSpec = BASE, options: Options | None = None, known: Known = KNOWN) -> dict[str, Any]:
    found: dict[str, Any] = pod(spec, options, known)["containers"][0]
    return found


def refusals(spec: RunSpec = BASE, options: Options | None = None, known: Known = KNOWN) -> str:
    return "\n".join(verdict(spec, options or Options(), known).refusals)


def test_a_plain_workspace_is_root_scripts_claim_secret_and_deployment() -> None:
    found = rendered(BASE, Options(), KNOWN)
    assert [each["kind"] for each in found] == [
        "ConfigMap",
        "ConfigMap",
        "PersistentVolumeClaim",
        "Secret",
        "Deployment",
    ]
    assert found[0]["metadata"]["name"] == ROOT
    assert "ownerReferences" not in found[0]["metadata"]


def test_all_but_the_root_belong_to_it_and_bear_the_id() -> None:
    options = Options(cluster_role="view", home_volume=True, create_namespace=False)
    known = msgspec.structs.replace(
        KNOWN, logins=(Login(registry="r", username="u", password="p"),), plan=Plan(script=b"go\n")
    )
    spec = changed(mounts=(Mount(kind="volume", source="cache", target="/cache"),))
    _, *others = rendered(spec, options, known)
    assert len(others) >= 8
    for each in others:
        owner = each["metadata"]["ownerReferences"][0]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("ConfigMap", ROOT, "uid-1")
        assert each["metadata"]["labels"][names.ID] == ID
        assert each["metadata"]["namespace"] == "dev"
    assert len({(each["kind"], each["metadata"]["name"]) for each in others}) == len(others)


def test_the_namespace_belongs_to_nobody() -> None:
    found = rendered(BASE, Options(create_namespace=True), KNOWN)[0]
    assert found["kind"] == "Namespace"
    assert found["metadata"]["name"] == "dev"
    assert "ownerReferences" not in found["metadata"]


def test_the_deployment_never_has_two_pods() -> None:
    spec = objects()["Deployment"]["spec"]
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["replicas"] == 0
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()


def test_values_of_variables_are_in_a_secret_and_nowhere_else() -> None:
    found = rendered(BASE, Options(), KNOWN)
    secret = by_kind(found)["Secret"]
    assert b64decode(secret["data"]["TOKEN"]) == b"s3cret-value"
    others = [each for each in found if each["kind"] != "Secret"]
    assert "s3cret-value" not in msgspec.json.encode(others).decode()
    assert main()["envFrom"] == [{"secretRef": {"name": f"{ROOT}-environment"}}]


def test_a_changed_variable_makes_another_pod() -> None:
    notes = [
        objects(spec)["Deployment"]["spec"]["template"]["metadata"]["annotations"][naming.ENVIRONMENT_HASH]
        for spec in (BASE, changed(environment=(("TOKEN", "other"),)))
    ]
    assert notes[0] != notes[1]


def test_what_is_printed_is_yaml_without_secrets() -> None:
    text = shown(rendered(BASE, Options(), KNOWN))
    assert [each["kind"] for each in yaml.safe_load_all(text)][-1] == "Deployment"
    assert "s3cret-value" not in text
    assert "TOKEN: '***'" in text


def test_the_root_remembers_the_spec_and_all_labels() -> None:
    root = rendered(BASE, Options(), KNOWN)[0]
    assert "s3cret-value" not in root["metadata"]["annotations"][names.SPEC]
    assert msgspec.json.decode(root["data"]["labels.json"])[names.METADATA] == "[]"
    assert root["metadata"]["labels"][names.OWNER] == "me-example"


def test_the_claim_is_mounted_above_the_project() -> None:
    assert {"name": "workspace", "mountPath": "/workspaces"} in main()["volumeMounts"]
    with pytest.raises(NotPossible, match="cannot be given"):
        rendered(changed(content=Content(kind="upload", target="/app")), Options(), KNOWN)


def test_no_token_of_an_account_unless_asked_for() -> None:
    assert pod()["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in pod()


@pytest.mark.parametrize(
    ("given", "account", "kinds"),
    [
        ({"clusterRole": "view"}, ROOT, {"ServiceAccount", "RoleBinding"}),
        ({"clusterRole": "view", "serviceAccount": "mine"}, "mine", {"RoleBinding"}),
        ({"serviceAccount": "mine"}, "mine", set()),
    ],
)
def test_a_role_is_bound_with_or_without_an_account(
    given: dict[str, str], account: str, kinds: set[str]
) -> None:
    found = objects(options=parse(given))
    spec = found["Deployment"]["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == account
    assert spec["automountServiceAccountToken"] is True
    assert {"ServiceAccount", "RoleBinding"} & set(found) == kinds
    if "RoleBinding" in found:
        assert found["RoleBinding"]["roleRef"]["name"] == "view"
        assert found["RoleBinding"]["subjects"][0]["name"] == account


def test_bindings_of_different_roles_have_different_names() -> None:
    one, other = (
        objects(options=Options(cluster_role=role))["RoleBinding"]["metadata"]["name"] for role in ("a", "b")
    )
    assert one != other


def test_a_clone_runs_before_the_workspace_with_its_login_in_a_secret() -> None:
    program = CloneProgram(
        argv=("/bin/sh", "-c", "git clone"),
        environment=(("MOORAGE_CLONE_URL", "https://x/$(y)"), ("MOORAGE_CLONE_INPUT", "-")),
        stdin=b"password hunter2\nend\n",
        needs_ssh_agent=False,
        ssh_agent=None,
        host_paths=(),
        needs_host_network=False,
    )
    known = msgspec.structs.replace(KNOWN, clone=program)
    spec = changed(content=Content(kind="clone", source="https://x", target="/workspaces/app", commit="c"))
    found = rendered(spec, Options(git_image="git:1"), known)
    (init,) = by_kind(found)["Deployment"]["spec"]["template"]["spec"]["initContainers"]
    assert (init["name"], init["image"], init["command"]) == (
        "clone",
        "git:1",
        ["/bin/sh", "-c", "git clone"],
    )
    assert {"name": "MOORAGE_CLONE_INPUT", "value": "/run/moorage-clone/input"} in init["env"]
    assert {"name": "MOORAGE_CLONE_URL", "value": "https://x/$$(y)"} in init["env"]
    others = [each for each in found if each["kind"] != "Secret"]
    assert "hunter2" not in msgspec.json.encode(others).decode()
    agent = msgspec.structs.replace(program, needs_ssh_agent=True)
    assert "ssh" in refusals(spec, known=msgspec.structs.replace(KNOWN, clone=agent))


def test_mounts_become_claims_secrets_and_directories() -> None:
    spec = changed(
        mounts=(
            Mount(kind="volume", source="cache", target="/cache"),
            Mount(kind="volume", target="/scratch"),
            Mount(kind="volume", source="secret/login", target="/login"),
            Mount(kind="volume", source="claim/shared", target="/shared", read_only=True),
            Mount(kind="tmpfs", target="/memory", options=(("tmpfs-size", "64m"),)),
        )
    )
    found = pod(spec)
    volumes = {each["name"]: each for each in found["volumes"]}
    mounts = {each["mountPath"]: each for each in found["containers"][0]["volumeMounts"]}
    sources = {path: volumes[mount["name"]] for path, mount in mounts.items()}
    assert sources["/cache"]["persistentVolumeClaim"]["claimName"].startswith(f"{ROOT}-")
    assert sources["/scratch"]["emptyDir"] == {}
    assert sources["/login"]["secret"] == {"secretName": "login"}
    assert mounts["/login"]["readOnly"]
    assert sources["/shared"]["persistentVolumeClaim"] == {"claimName": "shared"}
    assert sources["/memory"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "64Mi"}
    (populate,) = found["initContainers"]
    assert populate["command"][-4:][1::2] == ["/cache", "/scratch"]


def test_a_volume_keeps_its_claim_wherever_it_stands_in_the_list() -> None:
    one, two = Mount(kind="volume", source="a", target="/a"), Mount(kind="volume", source="b", target="/b")

    def claims(*mounts: Mount) -> set[str]:
        found = rendered(changed(mounts=mounts), Options(), KNOWN)
        return {each["metadata"]["name"] for each in found if each["kind"] == "PersistentVolumeClaim"}

    assert claims(one) < claims(two, one)


def test_a_home_volume_is_where_the_user_lives() -> None:
    options, unknown = Options(home_volume=True, home_volume_size="2Gi"), Known(namespace="dev")

    def places(known: Known, user: str) -> set[str]:
        return {each["mountPath"] for each in main(changed(remote_user=user), options, known)["volumeMounts"]}

    assert "/home/vscode" in places(KNOWN, "vscode")
    assert "/home/me" in places(unknown, "me")
    assert "/root" in places(unknown, "")
    assert "homeVolume" in refusals(changed(remote_user="1000"), options, unknown)


def test_bind_mounts_are_refused_left_out_or_the_nodes() -> None:
    spec = changed(mounts=(Mount(kind="bind", source="/etc/hosts", target="/x"),))
    assert "bindMounts" in refusals(spec)
    left = verdict(spec, Options(bind_mounts="skip"), KNOWN)
    assert not left.refusals
    assert "/etc/hosts" in left.warnings[0]
    assert {"path": "/etc/hosts"} in [
        each.get("hostPath") for each in pod(spec, Options(bind_mounts="node"))["volumes"]
    ]


def test_requirements_are_requests_and_a_larger_claim() -> None:
    spec = changed(resources=Resources(cpus=2, memory=4 * 2**30, storage=64 * 2**30), gpu=True)
    assert main(spec)["resources"] == {
        "requests": {"cpu": "2", "memory": "4Gi"},
        "limits": {"nvidia.com/gpu": "1"},
    }
    claim = objects(spec)["PersistentVolumeClaim"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "64Gi"
    assert "above its limit" in refusals(spec, Options(limits=(("cpu", "1"),)))


def test_security_of_the_configuration() -> None:
    spec = changed(
        privileged=True,
        init=True,
        cap_add=("CAP_SYS_PTRACE", "net_admin"),
        security_opt=("seccomp=unconfined", "apparmor:unconfined"),
    )
    security = main(spec)["securityContext"]
    assert security["privileged"] is True
    assert security["capabilities"] == {"add": ["SYS_PTRACE", "NET_ADMIN"]}
    assert security["seccompProfile"] == security["appArmorProfile"] == {"type": "Unconfined"}
    assert pod(spec)["shareProcessNamespace"] is True


def test_pod_security_refuses_by_name_before_anything_is_made() -> None:
    spec = changed(privileged=True, cap_add=("SYS_PTRACE", "CHOWN"), security_opt=("seccomp=unconfined",))
    known = msgspec.structs.replace(KNOWN, level="baseline")
    said = refusals(spec, known=known)
    assert "privileged container" in said
    assert "SYS_PTRACE" in said
    assert "CHOWN" not in said
    assert "seccomp=unconfined" in said
    assert not refusals(known=known)


def test_restricted_runs_as_the_remote_user_with_nothing_more() -> None:
    known = msgspec.structs.replace(KNOWN, level="restricted")
    security = main(known=known)["securityContext"]
    assert security == {
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "allowPrivilegeEscalation": False,
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
    root = msgspec.structs.replace(known, remote=Identity(uid=0, gid=0, name="root"))
    assert "root" in refusals(known=root)
    spec = changed(mounts=(Mount(kind="volume", source="cache", target="/cache"),))
    (populate,) = pod(spec, known=known)["initContainers"]
    assert populate["securityContext"]["runAsNonRoot"] is True


def test_restricted_leaves_it_to_the_kubelet_where_users_are_not_known() -> None:
    known = Known(namespace="dev", level="restricted")
    assert not refusals(changed(remote_user=""), known=known)
    assert main(changed(remote_user=""), known=known)["securityContext"]["runAsNonRoot"] is True


def test_restricted_gives_an_images_own_user_by_number() -> None:
    user = Identity(uid=33, gid=34, name="www")
    known = msgspec.structs.replace(KNOWN, level="restricted", user=user, remote=user)
    security = main(changed(remote_user="www"), known=known)["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (33, 34)


def test_users_by_name_need_their_number() -> None:
    user = Identity(uid=33, gid=34, name="www")
    known = msgspec.structs.replace(KNOWN, user=user, remote=user)
    assert main(changed(user="www"), known=known)["securityContext"]["runAsUser"] == 33
    assert main(changed(user="12:13"))["securityContext"] == {"runAsUser": 12, "runAsGroup": 13}
    assert "nobody" in refusals(changed(user="nobody"))


def test_a_container_that_is_not_roots_cannot_become_another_user() -> None:
    known = msgspec.structs.replace(KNOWN, user=Identity(uid=33, gid=33, name="www"))
    assert "remote user vscode" in refusals(changed(user="www"), known=known)
    root = Options(security_context={"runAsUser": 0})
    assert not refusals(changed(user="www"), root, known)


def test_files_of_claims_get_the_remote_users_group() -> None:
    assert pod()["securityContext"] == {"fsGroup": 1000, "fsGroupChangePolicy": "OnRootMismatch"}


def test_files_of_claims_are_for_a_user_by_number_too() -> None:
    nobody_known = Known(namespace="dev")
    assert pod(changed(user="12:13"), known=nobody_known)["securityContext"]["fsGroup"] == 13
    assert pod(changed(user="12"), known=nobody_known)["securityContext"]["fsGroup"] == 12
    assert "fsGroup" not in pod(changed(user="0"), known=nobody_known).get("securityContext", {})


def test_run_args_with_an_equivalent() -> None:
    spec = changed(
        extras=(
            "--cpus=1.5", "-m", "2g", "--shm-size=1g", "-eA=b", "--add-host", "db:10.0.0.7", "--dns=1.1.1.1",
            "--hostname", "Box", "--network=host", "--platform", "linux/arm64", "-w", "/srv", "--sysctl",
            "net.core.somaxconn=1024", "--group-add", "44", "--ulimit", "nofile=1024", "-it",
        )
    )  # fmt: skip
    found, container = pod(spec), main(spec)
    assert container["resources"]["limits"] == {"cpu": "1500m", "memory": "2Gi"}
    assert container["workingDir"] == "/srv"
    assert found["hostAliases"] == [{"ip": "10.0.0.7", "hostnames": ["db"]}]
    assert found["dnsConfig"] == {"nameservers": ["1.1.1.1"]}
    assert found["hostname"] == "box"
    assert found["hostNetwork"] is True
    assert found["nodeSelector"]["kubernetes.io/arch"] == "arm64"
    assert found["securityContext"]["supplementalGroups"] == [44]
    assert "ulimit" in "\n".join(verdict(spec, Options(), KNOWN).warnings)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "/dev/fuse"), "device plugin"),
        (("--volumes-from", "x"), "another container"),
        (("--gpus", "device=0"), "not for certain ones"),
        (("--nonsense",), "no flag --nonsense"),
        (("--memroy", "1g"), "did you mean --memory"),
        (("--memory", "lots"), "size such as"),
        (("-v", "/var/run/docker.sock:/var/run/docker.sock"), "engine's socket"),
        (("--env", "HOME"), "localEnv"),
    ],
)
def test_run_args_without_one_are_refused_with_a_reason(arguments: tuple[str, ...], said: str) -> None:
    assert said in refusals(changed(extras=arguments))


def test_ports_are_told_and_published_by_forwarding() -> None:
    spec = changed(ports=(Port(text="127.0.0.1:3000:3000"), Port(text="8080-8081:80-81/udp")))
    assert [each["containerPort"] for each in main(spec)["ports"]] == [3000, 80, 81]
    assert "moorage forward 3000" in verdict(spec, Options(), KNOWN).warnings[0]


def test_the_images_own_command_runs_after_the_entrypoints() -> None:
    known = msgspec.structs.replace(KNOWN, command=("/init", "serve"))
    spec = changed(override_command=False, entrypoints=("/feature.sh",))
    assert main(spec, known=known)["command"][-4:] == ["/feature.sh", "--", "/init", "serve"]
    assert "no command of its own" in refusals(spec)
    assert "--" not in main()["command"]


def test_a_pod_template_is_merged_over_ours() -> None:
    template = {
        "metadata": {"labels": {"team": "a", names.ID: "stolen"}},
        "spec": {
            "containers": [
                {"name": "devcontainer", "imagePullPolicy": "Always", "env": [{"name": "A", "value": "b"}]},
                {"name": "sidecar", "image": "proxy:1"},
            ],
            "volumes": [{"name": "extra", "emptyDir": {}}],
            "nodeSelector": {"kubernetes.io/os": None, "pool": "dev"},
            "affinity": {"nodeAffinity": {}},
        },
    }
    options = Options(pod_template=template)
    deployment = objects(options=options)["Deployment"]["spec"]["template"]
    spec = deployment["spec"]
    assert [each["name"] for each in spec["containers"]] == ["devcontainer", "sidecar"]
    assert spec["containers"][0]["imagePullPolicy"] == "Always"
    assert spec["containers"][0]["image"] == BASE.image
    assert len(spec["volumes"]) == len(pod()["volumes"]) + 1
    assert spec["nodeSelector"] == {"pool": "dev"}
    assert deployment["metadata"]["labels"][names.ID] == ID
    assert deployment["metadata"]["labels"]["team"] == "a"


@pytest.mark.parametrize(
    "template",
    [
        {"spec": {"restartPolicy": "Never"}},
        {"spec": {"containers": [{"name": "sidecar"}]}},
        {"spec": {"containers": [{"image": "x"}]}},
        {"spec": []},
        {"spec": {"containers": [{"name": "devcontainer", "$patch": "delete"}]}},
    ],
)
def test_a_pod_template_that_breaks_the_workspace_is_refused(template: dict[str, Any]) -> None:
    assert "podTemplate" in refusals(options=Options(pod_template=template))


def test_the_same_spec_gives_the_same_objects() -> None:
    assert rendered(BASE, Options(), KNOWN) == rendered(BASE, Options(), KNOWN)


def test_what_is_known_never_prints_a_secret() -> None:
    known = Known(
        logins=(Login(registry="r", username="me", password="hunter2"),), plan=Plan(script=b"hunter2")
    )
    assert "hunter2" not in repr(known)
