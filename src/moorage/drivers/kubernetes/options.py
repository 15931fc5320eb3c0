"""Options of the Kubernetes driver as the user gives them, `-o KEY=VALUE`: typed, checked, explained."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from . import values
from .errors import BadOption
from .values import BadValue, Json, duration, quantity, switch

Pairs = tuple[tuple[str, str], ...]
Builder = Literal["auto", "engine", "cluster", "inpod", "none"]
AccessMode = Literal["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"]
Level = Literal["", "privileged", "baseline", "restricted"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Empty texts mean: as the kubeconfig or the cluster says. Times in seconds, sizes as quantities."""

    # which cluster, and how it is spoken to
    path: str = ""
    config: str = ""
    context: str = ""
    namespace: str = ""
    create_namespace: bool = False
    host: str = ""
    certificate_authority: str = ""
    token_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    use_kubeconfig: bool | None = None
    # rights of the workspace
    cluster_role: str = ""
    service_account: str = ""
    # images
    build_repository: str = ""
    insecure_build_repository: bool = False
    builder: Builder = "auto"
    buildkit_image: str = ""
    buildkit_privileged: bool = False
    buildkit_namespace: str = ""
    buildkit_address: str = ""
    buildkit_cache_size: str = "20Gi"
    helper_image: str = "docker.io/library/alpine:latest"
    git_image: str = "docker.io/alpine/git:latest"
    image_pull_secrets: tuple[str, ...] = ()
    registry_login: bool = False
    architecture: str = ""
    # files
    persistent_volume_size: str = "10Gi"
    storage_class: str = ""
    access_mode: AccessMode = "ReadWriteOnce"
    claim_annotations: Pairs = ()
    home_volume: bool = False
    home_volume_size: str = ""
    volume_size: str = ""
    bind_mounts: Literal["refuse", "skip", "node"] = "refuse"
    # the pod
    requests: Pairs = ()
    limits: Pairs = ()
    gpu_resource: str = "nvidia.com/gpu"
    node_selector: Pairs = ()
    tolerations: tuple[Json, ...] = ()
    labels: Pairs = ()
    annotations: Pairs = ()
    pod_security: Level = ""
    security_context: Json = {}
    host_users: bool | None = None
    runtime_class: str = ""
    priority_class: str = ""
    pod_template: Json = {}
    # time
    inactivity: int = 0
    pod_timeout: float = 600.0
    scheduling_timeout: float = 60.0


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option: the field it fills, how its text becomes that, and what to give, in words."""

    field: str
    convert: Callable[[str], object]
    expected: str


def parse(given: Mapping[str, str], *, home: str = "", read: Callable[[str], str] | None = None) -> Options:
    """Raises BadOption for an unknown name or a value that does not fit; an empty value gives nothing.

    `home` is what "~" stands for; `read` gives the text of a file that `podTemplate` names.
    """
    found: dict[str, object] = {}
    for name, value in given.items():
        proper = ALIASES.get(name, name)
        option = OPTIONS.get(proper)
        if option is None:
            raise BadOption(_unknown(name), hint=f"The Kubernetes driver takes {', '.join(OPTIONS)}.")
        if not value.strip():
            continue
        try:
            found |= _read(option, value.strip(), home, read)
        except BadValue as error:
            raise BadOption(
                f"The option {name} cannot be {value[:200]!r}: {error}.", hint=f"Give {option.expected}."
            ) from error
    return _together(Options(**found))  # type: ignore[arg-type]  # the table's converters give the fields' types


def _read(option: Option, value: str, home: str, read: Callable[[str], str] | None) -> dict[str, object]:
    if option.field == "resources":
        return _resources(value)
    if option.field == "pod_template":
        return {"pod_template": _template(value, home, read)}
    if option.convert is _path:
        return {option.field: _expanded(value, home)}
    return {option.field: option.convert(value)}


def _together(options: Options) -> Options:
    """What only several options at once can get wrong. Raises BadOption."""
    if bool(options.client_certificate) != bool(options.client_key):
        raise BadOption(
            "clientCertificate and clientKey belong together, and only one is given.",
            hint="Give both or none.",
        )
    if options.use_kubeconfig is False and (options.config or options.context):
        raise BadOption(
            "useKubeconfig is false, so config and context have no meaning beside it.",
            hint="Leave them out, or set useKubeconfig to true.",
        )
    if options.host and (options.config or options.context):
        raise BadOption(
            "The option host names a cluster by itself, so config and context have no meaning beside it.",
            hint="Give either host or config and context.",
        )
    limits = dict(options.limits)
    for name, value in options.requests:
        if name in limits and values.amount(value) > values.amount(limits[name]):
            raise BadOption(
                f"The option resources requests {value} of {name}, above its limit {limits[name]}.",
                hint="Raise the limit or lower the request.",
            )
    return options


# ── forms ──


def _text(text: str) -> str:
    if any(ord(character) < 32 for character in text):
        raise BadValue("it has a control character")
    return text


def _path(text: str) -> str:
    return _text(text)


def _expanded(text: str, home: str) -> str:
    if text == "~" or text.startswith("~/"):
        if not home:
            raise BadValue("~ stands for a home folder, and there is none")
        return posixpath.join(home, text[2:])
    return _text(text)


def _image(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise BadValue("an image reference is expected")
    return text


def _repository(text: str) -> str:
    if any(character.isspace() for character in text) or "://" in text or "@" in text:
        raise BadValue("a repository is expected, without a scheme and without a digest")
    if ":" in text.rsplit("/", 1)[-1]:
        raise BadValue("a repository is expected without a tag: the tag is the image's key")
    return text.rstrip("/")


def _inactivity(text: str) -> int:
    return round(duration(text))


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        return f"https://{_text(text)}"
    return text.rstrip("/")


def _buildkit(text: str) -> str:
    if text.split("://")[0] not in ("tcp", "kube-pod"):
        raise BadValue("an address such as tcp://buildkitd.example:1234 or kube-pod://name is expected")
    return text


def _size_or_none(text: str) -> str:
    return text if text == "0" else quantity(text)


def _access_mode(text: str) -> str:
    modes = {
        "rwo": "ReadWriteOnce",
        "rwx": "ReadWriteMany",
        "rwop": "ReadWriteOncePod",
    }
    known = {**modes, **{mode.lower(): mode for mode in modes.values()}}
    if text.lower() not in known:
        raise BadValue("the workspace's files must be writable")
    return known[text.lower()]


def _word(*allowed: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in allowed:
            raise BadValue(f"one of {', '.join(allowed)} is expected")
        return text

    return convert


def _architecture(text: str) -> str:
    known = {"x86_64": "amd64", "aarch64": "arm64"}
    proper = known.get(text, text).removeprefix("linux/")
    if proper not in ("amd64", "arm64", "arm", "ppc64le", "s390x", "riscv64", "386"):
        raise BadValue("amd64 or arm64 is expected")
    return proper


def _labels(text: str) -> Pairs:
    found = values.pairs(text, values.label_key, values.label_value)
    if any(name.startswith("dev.moorage.") or name == "app.kubernetes.io/managed-by" for name, _ in found):
        raise BadValue("labels of moorage's own cannot be set")
    return found


def _selector(text: str) -> Pairs:
    return values.pairs(text, values.label_key, values.label_value)


def _annotations(text: str) -> Pairs:
    return values.pairs(text, values.label_key, _text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(values.dns_name(item) for item in values.items(text))


def _resources(text: str) -> dict[str, object]:
    """ "requests.cpu=500m,limits.memory=5Gi,limits.nvidia.com/gpu=1"."""
    found: dict[str, list[tuple[str, str]]] = {"requests": [], "limits": []}
    for name, value in values.pairs(text, _text, quantity):
        part, dot, resource = name.partition(".")
        if part not in found or not dot:
            raise BadValue(f"requests.NAME or limits.NAME is expected, not {name!r}")
        found[part].append((values.label_key(resource), value))
    return {part: tuple(each) for part, each in found.items()}


def _tolerations(text: str) -> tuple[Json, ...]:
    """Kubernetes' own list in JSON or YAML, or "key=value:effect,key2:effect"."""
    if text[0] in "[{-":
        return values.mappings(text)
    return tuple(_toleration(item) for item in values.items(text))


def _toleration(text: str) -> Json:
    named, _, effect = text.partition(":")
    key, equals, value = named.partition("=")
    if effect not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise BadValue(f"NoSchedule, PreferNoSchedule or NoExecute is expected, not {effect!r}")
    found: Json = {"operator": "Equal" if equals else "Exists"}
    if key != "*":
        found["key"] = values.label_key(key)
    if equals:
        found["value"] = value
    return found | ({"effect": effect} if effect else {})


def _template(text: str, home: str, read: Callable[[str], str] | None) -> Json:
    """A pod, a pod template or a pod's spec, inline or in a file; always given back as a pod."""
    inline = "\n" in text or text.lstrip().startswith("{")
    if not inline and read is None:
        raise BadValue("files cannot be read here")
    found = values.mapping(text if inline or read is None else read(_expanded(text, home)))
    if not {"metadata", "spec", "kind"} & set(found):
        found = {"spec": found}
    unknown = set(found) - {"apiVersion", "kind", "metadata", "spec"}
    if unknown or found.get("kind", "Pod") not in ("Pod", "PodTemplate"):
        raise BadValue(
            f"a pod is expected, with metadata and spec, not {', '.join(sorted(unknown)) or found['kind']}"
        )
    return {key: found[key] for key in ("metadata", "spec") if key in found}


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # for a wrong name only

    known = {option.lower(): option for option in (*ALIASES, *OPTIONS)}
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    proper = known[near[0]] if near else ""
    proper = ALIASES.get(proper, proper)
    return f"The Kubernetes driver has no option {name!r}" + (f"; did you mean {proper}?" if proper else ".")


def _option(field: str, convert: Callable[[str], object], expected: str) -> Option:
    return Option(field=field, convert=convert, expected=expected)


_BOOLEAN = "true or false"
_QUANTITY = "a size such as 10Gi"
_PAIRS = "name=value,name=value, or a mapping in JSON or YAML"

OPTIONS: dict[str, Option] = {
    "path": _option("path", _path, "the path of kubectl or of a program that takes its place"),
    "namespace": _option("namespace", values.dns_label, "a namespace's name, or nothing"),
    "context": _option("context", _text, "the name of a context of the kubeconfig"),
    "config": _option("config", _path, "the path of a kubeconfig"),
    "clusterRole": _option("cluster_role", values.object_name, "the name of a ClusterRole, such as view"),
    "serviceAccount": _option("service_account", values.dns_name, "the name of a ServiceAccount"),
    "buildRepository": _option(
        "build_repository", _repository, "a repository without a tag, such as ghcr.io/me/workspaces"
    ),
    "insecureBuildRepository": _option("insecure_build_repository", switch, _BOOLEAN),
    "helperImage": _option("helper_image", _image, "an image with sh, such as alpine"),
    "buildkitImage": _option(
        "buildkit_image", _image, "an image of BuildKit, such as moby/buildkit:rootless"
    ),
    "buildkitPrivileged": _option("buildkit_privileged", switch, _BOOLEAN),
    "persistentVolumeSize": _option("persistent_volume_size", quantity, _QUANTITY),
    "createNamespace": _option("create_namespace", switch, _BOOLEAN),
    "containerInactivityTimeout": _option(
        "inactivity", _inactivity, "seconds (300) or a duration (5m, 1h30m)"
    ),
    "host": _option("host", _address, "the API server's address, such as https://10.0.0.1:6443"),
    "certificateAuthority": _option("certificate_authority", _path, "the path of a PEM file"),
    "tokenFile": _option("token_file", _path, "the path of a file that holds a token"),
    "clientCertificate": _option("client_certificate", _path, "the path of a PEM file"),
    "clientKey": _option("client_key", _path, "the path of a PEM file"),
    "useKubeconfig": _option("use_kubeconfig", switch, _BOOLEAN),
    "storageClass": _option("storage_class", values.dns_name, "the name of a StorageClass"),
    "accessMode": _option(
        "access_mode", _access_mode, "ReadWriteOnce (RWO), ReadWriteMany (RWX) or ReadWriteOncePod (RWOP)"
    ),
    "claimAnnotations": _option("claim_annotations", _annotations, _PAIRS),
    "homeVolume": _option("home_volume", switch, _BOOLEAN),
    "homeVolumeSize": _option("home_volume_size", quantity, _QUANTITY),
    "volumeSize": _option("volume_size", quantity, _QUANTITY),
    "bindMounts": _option("bind_mounts", _word("refuse", "skip", "node"), "refuse, skip or node"),
    "resources": _option("resources", _text, "requests.cpu=500m,limits.memory=5Gi"),
    "gpuResource": _option(
        "gpu_resource", values.label_key, "the resource of a device plugin, such as amd.com/gpu"
    ),
    "nodeSelector": _option("node_selector", _selector, _PAIRS),
    "tolerations": _option("tolerations", _tolerations, "key=value:NoSchedule, or a list in JSON or YAML"),
    "labels": _option("labels", _labels, _PAIRS),
    "annotations": _option("annotations", _annotations, _PAIRS),
    "imagePullSecrets": _option("image_pull_secrets", _names, "names of Secrets with commas between them"),
    "registryLogin": _option("registry_login", switch, _BOOLEAN),
    "podSecurity": _option(
        "pod_security",
        _word("privileged", "baseline", "restricted"),
        "privileged, baseline or restricted",
    ),
    "securityContext": _option(
        "security_context",
        values.mapping,
        "a container's securityContext in JSON or YAML",
    ),
    "hostUsers": _option("host_users", switch, _BOOLEAN),
    "runtimeClass": _option("runtime_class", values.dns_name, "the name of a RuntimeClass"),
    "priorityClass": _option("priority_class", values.dns_name, "the name of a PriorityClass"),
    "podTemplate": _option(
        "pod_template", _text, "the path of a file with a pod in YAML or JSON, or the pod itself"
    ),
    "architecture": _option("architecture", _architecture, "amd64 or arm64"),
    "gitImage": _option(
        "git_image", _image, "an image that has git and sh, such as docker.io/alpine/git:latest"
    ),
    "builder": _option(
        "builder", _word("auto", "engine", "cluster", "inpod", "none"), "auto, engine, cluster, inpod or none"
    ),
    "buildkitNamespace": _option("buildkit_namespace", values.dns_label, "a namespace's name"),
    "buildkitAddress": _option(
        "buildkit_address", _buildkit, "an address such as tcp://buildkitd.example:1234"
    ),
    "buildkitCacheSize": _option(
        "buildkit_cache_size", _size_or_none, "a size such as 20Gi, or 0 to keep nothing"
    ),
    "podTimeout": _option("pod_timeout", duration, "seconds (600) or a duration (10m)"),
    "schedulingTimeout": _option("scheduling_timeout", duration, "seconds (60) or a duration (5m)"),
}

ALIASES: dict[str, str] = {
    "diskSize": "persistentVolumeSize",
    "kubernetesNamespace": "namespace",
    "kubernetesContext": "context",
    "kubernetesConfig": "config",
    "pvcAccessMode": "accessMode",
    "pvcAnnotations": "claimAnnotations",
    "podManifestTemplate": "podTemplate",
    "inactivityTimeout": "containerInactivityTimeout",
}
"""Names that later versions of DevPod's driver have for the same."""
