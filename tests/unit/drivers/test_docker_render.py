"""From a RunSpec and runArgs to the engine's request, and what is refused or warned about before it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.drivers.docker import runargs
from moorage.drivers.docker.check import verdict
from moorage.drivers.docker.draft import Draft, Machine
from moorage.drivers.docker.errors import BadRunArgs
from moorage.drivers.docker.flags import TABLE
from moorage.drivers.docker.render import MAIN, rendered, wraps
from moorage.drivers.docker.runargs import BadFlag, lexed
from moorage.drivers.dockerflags import ALIASES, SHORT
from moorage.spec import names
from moorage.spec.observation import EngineFacts
from moorage.spec.run import Content, Mount, Port, RunSpec, differences

FACTS = EngineFacts(product="docker", version="29.2.0", platform="linux/amd64", cpus=2, memory=1 << 30)
FILES = {"env": "A=1\nHOME\n", "profile.json": '{ "defaultAction": "SCMP_ACT_ALLOW" }', "broken.json": "{"}
MACHINE = Machine(environ={"HOME": "/home/me"}, read=lambda path: FILES[path])


def _spec(**changes: object) -> RunSpec:
    fields: dict[str, object] = {
        "image": "busybox",
        "workspace": "0123456789abcdef",
        "name": "moorage-x",
        "content": Content(kind="bind", source="/src", target="/workspaces/src"),
    }
    return RunSpec(**{**fields, **changes})  # type: ignore[arg-type]


def _body(spec: RunSpec, facts: EngineFacts = FACTS, **how: Any) -> Any:
    return json.loads(msgspec.json.encode(rendered(spec, facts, MACHINE, **how)[0]))


def _args(*extras: str) -> Any:
    return _body(_spec(extras=extras))


def test_a_plain_workspace() -> None:
    body = _body(_spec(labels=((names.NAME, "x"),), environment=(("A", "b"),), user="dev"))
    assert body["Image"] == "busybox"
    assert body["Entrypoint"] == ["/bin/sh", "-c", MAIN, "moorage"]
    assert body["Cmd"] == []
    assert body["User"] == "dev"
    assert body["Env"] == ["A=b"]
    assert body["HostConfig"]["Mounts"] == [{"Type": "bind", "Source": "/src", "Target": "/workspaces/src"}]
    assert body["Labels"][names.ID] == "0123456789abcdef"
    assert body["Labels"][names.NAME] == "x"


def test_the_recorded_spec_is_this_one_without_values() -> None:
    spec = _spec(environment=(("TOKEN", "very-secret"),), labels=((names.NAME, "x"),))
    record = _body(spec)["Labels"][names.SPEC]
    assert differences(record, spec) == ()
    assert "very-secret" not in record


def test_a_clone_lies_in_a_labelled_volume_one_level_up() -> None:
    content = Content(kind="clone", source="u", target="/workspaces/deep/src", volume="v")
    (mount,) = _body(_spec(content=content, labels=((names.SOURCE, "u"),)))["HostConfig"]["Mounts"]
    assert mount == {
        "Type": "volume",
        "Source": "v",
        "Target": "/workspaces/deep",
        "VolumeOptions": {"Labels": {names.SOURCE: "u", names.ID: "0123456789abcdef"}},
    }


def test_own_commands() -> None:
    assert "Entrypoint" not in _body(_spec(override_command=False))
    spec = _spec(override_command=False, entrypoints=("/init.sh",))
    assert wraps(spec)
    body = _body(spec, command=("serve", "--now"))
    assert body["Entrypoint"][3:] == ["moorage", "/init.sh", "--", "serve", "--now"]
    body = _body(_spec(override_command=False, extras=("--entrypoint=/bin/x",)))
    assert body["Entrypoint"] == ["/bin/x"]


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        (Mount(kind="volume", target="/a"), {"Type": "volume", "Target": "/a"}),
        (
            Mount(kind="volume", source="v", target="/a", options=(("volume-nocopy", ""),)),
            {"Type": "volume", "Source": "v", "Target": "/a", "VolumeOptions": {"NoCopy": True}},
        ),
        (
            Mount(
                kind="volume",
                source="v",
                target="/a",
                options=(("volume-opt", "type=nfs"), ("volume-opt", "o=x"), ("volume-driver", "local")),
            ),
            {
                "Type": "volume",
                "Source": "v",
                "Target": "/a",
                "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"type": "nfs", "o": "x"}}},
            },
        ),
        (
            Mount(
                kind="bind",
                source="/h",
                target="/a",
                read_only=True,
                options=(
                    ("bind-propagation", "rslave"),
                    ("consistency", "cached"),
                    ("bind-recursive", "disabled"),
                ),
            ),
            {
                "Type": "bind",
                "Source": "/h",
                "Target": "/a",
                "ReadOnly": True,
                "BindOptions": {"Propagation": "rslave", "NonRecursive": True},
            },
        ),
        (
            Mount(kind="tmpfs", target="/a", options=(("tmpfs-size", "1m"), ("tmpfs-mode", "0700"))),
            {"Type": "tmpfs", "Target": "/a", "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o700}},
        ),
        (Mount(kind="bind", source="relative", target="/a"), None),
        (Mount(kind="volume", target="a"), None),
        (Mount(kind="tmpfs", target="/a", options=(("bind-propagation", "shared"),)), None),
        (Mount(kind="volume", target="/a", options=(("volume-colour", "red"),)), None),
    ],
)
def test_mounts(mount: Mount, expected: dict[str, object] | None) -> None:
    spec = _spec(mounts=(mount,), content=Content(kind="none"))
    if expected is None:
        with pytest.raises(BadRunArgs):
            _body(spec)
    else:
        assert _body(spec)["HostConfig"]["Mounts"] == [expected]


def test_a_mount_in_run_args() -> None:
    spec = _args("--mount", 'type=bind,src=/a b,"dst=/c,d",ro')["HostConfig"]["Mounts"][1]
    assert spec == {"Type": "bind", "Source": "/a b", "Target": "/c,d", "ReadOnly": True}


def test_ports() -> None:
    body = _body(_spec(ports=(Port(text="127.0.0.1:3000:3000"),), extras=("-p", "8080:80", "--expose=9")))
    assert body["HostConfig"]["PortBindings"] == {
        "3000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "3000"}],
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}],
    }
    assert set(body["ExposedPorts"]) == {"3000/tcp", "80/tcp", "9/tcp"}


def test_run_args_come_after_the_configuration_and_before_its_limits() -> None:
    body = _body(
        _spec(
            user="dev",
            environment=(("A", "1"), ("B", "1")),
            init=True,
            cap_add=("X",),
            extras=(
                "-u",
                "other",
                "-e",
                "A=2",
                "--init=false",
                "--cap-add=Y",
                "--security-opt",
                "label:disable",
            ),
            security_opt=("no-new-privileges",),
        )
    )
    assert body["User"] == "other"
    assert body["Env"] == ["A=2", "B=1"]
    assert body["HostConfig"]["Init"] is True
    assert body["HostConfig"]["CapAdd"] == ["Y", "X"]
    assert body["HostConfig"]["SecurityOpt"] == ["label=disable", "no-new-privileges"]


@pytest.mark.parametrize(
    ("arguments", "place", "expected"),
    [
        (["--memory=512m"], "Memory", 512 << 20),
        (["-m512m"], "Memory", 512 << 20),
        (["-m", "1g"], "Memory", 1 << 30),
        (["--memory-swap", "-1"], "MemorySwap", -1),
        (["--cpus", "1.5"], "NanoCpus", 1_500_000_000),
        (["-c", "512"], "CpuShares", 512),
        (["--shm-size=1g"], "ShmSize", 1 << 30),
        (["--ulimit", "nofile=1024:2048"], "Ulimits", [{"Name": "nofile", "Soft": 1024, "Hard": 2048}]),
        (["--sysctl", "a.b=1", "--sysctl=c=2"], "Sysctls", {"a.b": "1", "c": "2"}),
        (["--add-host", "h=1.2.3.4", "--add-host=i:::1"], "ExtraHosts", ["h:1.2.3.4", "i:::1"]),
        (["--dns", "1.1.1.1", "--dns-opt=ndots:1"], "DnsOptions", ["ndots:1"]),
        (["--net", "host"], "NetworkMode", "host"),
        (["--ipc=host"], "IpcMode", "host"),
        (["--pid", "host"], "PidMode", "host"),
        (["--uts=host"], "UTSMode", "host"),
        (["--userns=host"], "UsernsMode", "host"),
        (["--cgroupns=private"], "CgroupnsMode", "private"),
        (["--read-only"], "ReadonlyRootfs", True),
        (["--privileged"], "Privileged", True),
        (["--tmpfs", "/run:size=1m"], "Tmpfs", {"/run": "size=1m"}),
        (["-v", "/a:/b:ro", "-v=c:/d"], "Binds", ["/a:/b:ro", "c:/d"]),
        (["--volumes-from=x"], "VolumesFrom", ["x"]),
        (["--group-add", "video"], "GroupAdd", ["video"]),
        (["--restart=on-failure:3"], "RestartPolicy", {"Name": "on-failure", "MaximumRetryCount": 3}),
        (["--runtime", "nvidia"], "Runtime", "nvidia"),
        (
            ["--log-driver=local", "--log-opt", "max-size=1m"],
            "LogConfig",
            {"Type": "local", "Config": {"max-size": "1m"}},
        ),
        (["--oom-kill-disable", "--oom-score-adj=5"], "OomScoreAdj", 5),
        (["--pids-limit", "100"], "PidsLimit", 100),
        (["--storage-opt", "size=10G"], "StorageOpt", {"size": "10G"}),
        (["--link", "db:db"], "Links", ["db:db"]),
        (
            ["--security-opt", "seccomp=profile.json"],
            "SecurityOpt",
            ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'],
        ),
        (["--security-opt", "systempaths=unconfined"], "MaskedPaths", []),
        (["--gpus", "all"], "DeviceRequests", [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]),
        (
            ["--device", "nvidia.com/gpu=all"],
            "DeviceRequests",
            [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=all"]}],
        ),
        (["--device-read-bps=/dev/sda:1mb"], "BlkioDeviceReadBps", [{"Path": "/dev/sda", "Rate": 1 << 20}]),
    ],
)
def test_host_settings(arguments: list[str], place: str, expected: object) -> None:
    assert _args(*arguments)["HostConfig"][place] == expected


@pytest.mark.parametrize(
    ("arguments", "place", "expected"),
    [
        (["-h", "name"], "Hostname", "name"),
        (["--hostname=name"], "Hostname", "name"),
        (["-w", "/x"], "WorkingDir", "/x"),
        (["-v", "/anonymous"], "Volumes", {"/anonymous": {}}),
        (["--stop-signal", "SIGINT"], "StopSignal", "SIGINT"),
        (["--stop-timeout=5"], "StopTimeout", 5),
        (["--env-file", "env"], "Env", ["A=1", "HOME=/home/me"]),
        (["-e", "HOME", "-eNOT_THERE", "-e", "X="], "Env", ["HOME=/home/me", "X="]),
        (
            ["--health-cmd", "true", "--health-retries=2"],
            "Healthcheck",
            {"Test": ["CMD-SHELL", "true"], "Retries": 2},
        ),
        (["--no-healthcheck"], "Healthcheck", {"Test": ["NONE"]}),
    ],
)
def test_container_settings(arguments: list[str], place: str, expected: object) -> None:
    assert _args(*arguments)[place] == expected


def test_networks() -> None:
    body = _args("--network", "name=a,alias=x,ip=10.0.0.2", "--network=b", "--mac-address=02:00:00:00:00:01")
    assert body["HostConfig"]["NetworkMode"] == "a"
    assert body["NetworkingConfig"]["EndpointsConfig"] == {
        "a": {"Aliases": ["x"], "IPAMConfig": {"IPv4Address": "10.0.0.2"}, "MacAddress": "02:00:00:00:00:01"},
        "b": {},
    }
    for mode in ("none", "host", "a"):
        body = _args("--network", mode)
        assert body["HostConfig"]["NetworkMode"] == mode
        assert "NetworkingConfig" not in body
    old = msgspec.structs.replace(FACTS, version="20.10.24+dfsg1")
    body = _body(_spec(extras=("--mac-address", "02:00:00:00:00:01")), old)
    assert body["MacAddress"] == "02:00:00:00:00:01"
    assert verdict(_spec(extras=("--network=a", "--network=b")), old).refusals


def test_switches_and_what_means_nothing() -> None:
    bare = _args()
    assert _args("-it", "-d", "--sig-proxy=false", "-a", "stdout", "--tty", "--pull=always", "--rm=false")[
        "HostConfig"
    ] == bare["HostConfig"]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--privilege"], "did you mean --privileged"),
        (["--networks=x"], "did you mean --network"),
        (["--use-api-socket"], "no flag --use-api-socket"),
        (["-z"], "no flag -z"),
        (["bare"], "'bare' is no flag"),
        (["--env"], "--env needs a value"),
        (["--memory", "lots"], "--memory: a size"),
        (["--restart=sometimes"], "--restart"),
        (["--security-opt", "seccomp=broken.json"], "no JSON"),
        (["--network", "alias=x"], "name="),
        (["-e", "=x"], "NAME=value"),
        (["-v", "relative"], "--volume"),
        (["--mount", "type=npipe,target=/x"], "npipe"),
    ],
)
def test_wrong_arguments_are_refused_by_name(arguments: list[str], said: str) -> None:
    with pytest.raises(BadRunArgs) as caught:
        _args(*arguments)
    assert said in caught.value.message


def test_every_flag_of_docker_run_is_known() -> None:
    assert set(SHORT.values()) | set(ALIASES.values()) <= set(TABLE)
    assert not set(ALIASES) & set(TABLE)


@given(st.lists(st.text(max_size=12), max_size=5))
def test_no_argument_breaks_anything_but_by_its_own_error(arguments: list[str]) -> None:
    draft = Draft(MACHINE, modern=True)
    try:
        runargs.apply(tuple(arguments), draft)
    except (BadFlag, KeyError):  # KeyError: our FILES do not have the file
        return
    draft.body()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(name for name in TABLE if not TABLE[name].bare)), st.text(max_size=8)
        )
    )
)
def test_both_spellings_of_a_value_mean_the_same(given: list[tuple[str, str]]) -> None:
    apart = tuple(word for name, value in given for word in (f"--{name}", value))
    joined = tuple(f"--{name}={value}" for name, value in given)
    assert lexed(apart) == lexed(joined)


# ── check ──


def test_nothing_to_say() -> None:
    assert verdict(_spec(extras=("--env-file", "anything", "--security-opt=seccomp=any.json")), FACTS) == (
        verdict(_spec(), FACTS)
    )


def test_refusals() -> None:
    remote = msgspec.structs.replace(FACTS, local=False)
    assert "another machine" in verdict(_spec(), remote).refusals[0]
    mapped = msgspec.structs.replace(FACTS, userns="remap")
    assert verdict(_spec(privileged=True), mapped).refusals
    assert not verdict(_spec(privileged=True, extras=("--userns=host",)), mapped).refusals
    twice = _spec(mounts=(Mount(kind="tmpfs", target="/workspaces/src/"),))
    assert "same target /workspaces/src" in verdict(twice, FACTS).refusals[0]
    assert verdict(_spec(extras=("-v", "/a:/x", "--tmpfs=/x")), FACTS).refusals
    assert verdict(_spec(ports=(Port(text="http"),)), FACTS).refusals


@pytest.mark.parametrize(
    ("changes", "facts", "word"),
    [
        ({"gpu": True}, {}, "GPU"),
        ({"extras": ("--name", "mine")}, {}, "--name mine"),
        ({"extras": ("--rm",)}, {}, "--rm"),
        ({"extras": ("--entrypoint", "x")}, {}, "--entrypoint"),
        ({"extras": ("--platform=linux/arm64",)}, {}, "linux/arm64"),
        ({"privileged": True}, {"rootless": True}, "without root"),
        ({}, {"selinux": True}, "SELinux"),
    ],
)
def test_warnings(changes: dict[str, object], facts: dict[str, object], word: str) -> None:
    found = verdict(_spec(**changes), msgspec.structs.replace(FACTS, **facts))
    assert found.refusals == ()
    assert len(found.warnings) == 1
    assert word in found.warnings[0]


def test_a_gpu_is_asked_for_where_there_is_one() -> None:
    assert "DeviceRequests" not in _body(_spec(gpu=True))["HostConfig"]
    body = _body(_spec(gpu=True), msgspec.structs.replace(FACTS, gpu=True))
    assert body["HostConfig"]["DeviceRequests"] == [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]


def test_selinux_is_left_alone_where_its_label_is_given() -> None:
    facts = msgspec.structs.replace(FACTS, selinux=True)
    assert _body(_spec(), facts)["HostConfig"]["SecurityOpt"] == ["label=disable"]
    body = _body(_spec(security_opt=("label=type:x",)), facts)
    assert body["HostConfig"]["SecurityOpt"] == ["label=type:x"]


def test_the_platform_of_run_args_wins() -> None:
    assert rendered(_spec(extras=("--platform", "linux/arm64")), FACTS, MACHINE)[1] == "linux/arm64"
