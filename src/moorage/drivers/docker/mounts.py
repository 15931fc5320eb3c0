"""Mounts in the engine's own form: from the spec, and from `--mount` and `-v` of runArgs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...spec.run import Mount
from .values import BadValue, fields, integer, pair, size, switch

_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}

Json = dict[str, object]


def mount(wanted: Mount, labels: Mapping[str, str] | None = None) -> Json:
    """The engine's form. `labels` go on a volume that this creates. Raises BadValue."""
    return _assembled(wanted.kind, wanted.source, wanted.target, wanted.read_only, wanted.options, labels)


def parsed(text: str) -> Json:
    """The value of `--mount`: one CSV record of key=value. Raises BadValue."""
    given: dict[str, str] = {}
    options: list[tuple[str, str]] = []
    for field in fields(text):
        key, equals, value = field.partition("=")
        key = _ALIASES.get(key.strip().lower(), key.strip().lower())
        if key in ("type", "source", "target", "readonly"):
            given[key] = value if equals else "true"
        else:
            options.append((key, value if equals else "true"))
    kind = given.get("type", "volume")
    if kind not in ("bind", "volume", "tmpfs", "image"):
        raise BadValue(f"a mount of type bind, volume, tmpfs or image is expected, not {kind!r}")
    read_only = switch(given.get("readonly", "false"))
    return _assembled(kind, given.get("source"), given.get("target", ""), read_only, options, None)


def volume(text: str) -> tuple[str, str]:
    """The value of `-v`: ("bind", source:target:options) or ("anonymous", target). Raises BadValue."""
    source, colon, rest = text.partition(":")
    if not colon:
        if not text.startswith("/"):
            raise BadValue(f"a volume such as name:/path or /host:/path is expected, not {text!r}")
        return "anonymous", text
    if not rest.startswith("/"):
        raise BadValue(f"an absolute path inside the container is expected in {text!r}")
    return "bind", f"{source}:{rest}"


def target_of(assembled: Json) -> str:
    return str(assembled["Target"])


def _assembled(
    kind: str,
    source: str | None,
    target: str,
    read_only: bool,
    options: Iterable[tuple[str, str]],
    labels: Mapping[str, str] | None,
) -> Json:
    if not target.startswith("/"):
        raise BadValue(f"a mount's target must be an absolute path, not {target!r}")
    if kind == "bind" and not (source or "").startswith("/"):
        raise BadValue(f"a bind mount's source must be an absolute path, not {source!r}")
    found: Json = {"Type": kind, "Target": target}
    if source and kind != "tmpfs":
        found["Source"] = source
    if read_only:
        found["ReadOnly"] = True
    for key, value in options:
        _option(kind, key, value)(found, value)
    if kind == "volume" and labels:
        _part(found, "VolumeOptions")["Labels"] = dict(labels)
    return found


_Setter = Callable[[Json, str], None]


def _option(kind: str, key: str, value: str) -> _Setter:
    if key == "consistency":  # without meaning on Linux engines, and accepted everywhere
        return lambda found, value: None
    owner = "bind" if key.startswith("bind-") else key.split("-")[0]
    if key not in _OPTIONS or owner != kind:
        raise BadValue(f"a mount of type {kind} has no option {key}={value}")
    return _OPTIONS[key]


def _part(found: Json, name: str) -> Json:
    part = found.setdefault(name, {})
    assert isinstance(part, dict)
    return part


def _set(part: str, name: str, convert: Callable[[str], object]) -> _Setter:
    def apply(found: Json, value: str) -> None:
        _part(found, part)[name] = convert(value)

    return apply


def _on(text: str) -> bool:
    """A bare word switches on."""
    return text == "" or switch(text)


def _bind_recursive(found: Json, value: str) -> None:
    names = {
        "disabled": "NonRecursive",
        "writable": "ReadOnlyNonRecursive",
        "readonly": "ReadOnlyForceRecursive",
    }
    if value not in ("enabled", *names):
        raise BadValue(
            f"enabled, disabled, writable or readonly is expected for bind-recursive, not {value!r}"
        )
    if value in names:
        _part(found, "BindOptions")[names[value]] = True


def _volume_option(found: Json, value: str) -> None:
    name, text = pair(value)
    driver = _part(found, "VolumeOptions").setdefault("DriverConfig", {})
    assert isinstance(driver, dict)
    driver.setdefault("Options", {})[name] = text


def _volume_driver(found: Json, value: str) -> None:
    driver = _part(found, "VolumeOptions").setdefault("DriverConfig", {})
    assert isinstance(driver, dict)
    driver["Name"] = value


def _volume_label(found: Json, value: str) -> None:
    name, _, text = value.partition("=")
    labels = _part(found, "VolumeOptions").setdefault("Labels", {})
    assert isinstance(labels, dict)
    labels[name] = text


_OPTIONS: dict[str, _Setter] = {
    "bind-propagation": _set("BindOptions", "Propagation", str),
    "bind-nonrecursive": _set("BindOptions", "NonRecursive", _on),
    "bind-recursive": _bind_recursive,
    "bind-create-src": _set("BindOptions", "CreateMountpoint", _on),
    "volume-nocopy": _set("VolumeOptions", "NoCopy", _on),
    "volume-subpath": _set("VolumeOptions", "Subpath", str),
    "volume-driver": _volume_driver,
    "volume-opt": _volume_option,
    "volume-label": _volume_label,
    "tmpfs-size": _set("TmpfsOptions", "SizeBytes", size),
    "tmpfs-mode": _set("TmpfsOptions", "Mode", lambda text: integer("0o" + text.removeprefix("0o"))),
    "image-subpath": _set("ImageOptions", "Subpath", str),
}
