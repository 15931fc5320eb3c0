"""The user's pod template over the rendered one: a strategic merge, as `kubectl patch` does it. Pure.

Mappings are merged key by key, and null takes a key away. Lists whose items have a key of their own
(containers by name, mounts by path, …) are merged item by item; every other list is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import naming
from .values import BadValue, Json

_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
}
_FIXED = ("restartPolicy", "ephemeralContainers")


def merged(base: object, over: object, key: str = "") -> object:
    """`over` wins; `key` is what `base` is called in its parent."""
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        found = dict(base)
        for name, value in over.items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = merged(found[name], value, name) if name in found else value
        return found
    if key in _KEYS and _keyed(base, _KEYS[key]) and _keyed(over, _KEYS[key]):
        return _items(base, over, _KEYS[key])
    return over


def over_template(template: Json, given: Json) -> Json:
    """The rendered template with the user's over it. Raises BadValue for what would break the workspace."""
    if not given:
        return template
    spec, metadata = given.get("spec", {}), given.get("metadata", {})
    if not isinstance(spec, Mapping) or not isinstance(metadata, Mapping):
        raise BadValue("podTemplate's spec and metadata have to be mappings")
    for name in _FIXED:
        if name in spec:
            raise BadValue(f"podTemplate cannot set {name}, which a Deployment decides")
    kept = {name: metadata[name] for name in ("labels", "annotations") if name in metadata}
    found = merged(template, {"metadata": kept, "spec": spec})
    assert isinstance(found, dict)
    _whole(found, template)
    return found


def _whole(found: Json, template: Json) -> None:
    """The user's own containers come after ours; ours has to be there, with the labels that select it."""
    before, after = template["metadata"], found["metadata"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    ours = {name: value for name, value in before["labels"].items() if name.startswith("dev.moorage.")}
    after["labels"] = {**(after.get("labels") or {}), **ours}
    spec = found["spec"]
    assert isinstance(spec, dict)
    containers = spec.get("containers")
    if not isinstance(containers, list) or not _keyed(containers, "name"):
        raise BadValue("podTemplate's containers need names")
    main = next((each for each in containers if each["name"] == naming.CONTAINER), None)
    if main is None or any("image" not in each for each in containers):
        raise BadValue(
            f"podTemplate's containers need an image; the workspace's is called {naming.CONTAINER}"
        )


def _keyed(found: object, key: str) -> bool:
    return isinstance(found, list) and all(isinstance(each, Mapping) and key in each for each in found)


def _items(base: object, over: object, key: str) -> list[object]:
    assert isinstance(base, Sequence)
    assert isinstance(over, Sequence)
    found = {each[key]: each for each in base}
    for each in over:
        if each.get("$patch") == "delete":
            found.pop(each[key], None)
        else:
            found[each[key]] = merged(found[each[key]], each) if each[key] in found else each
    return list(found.values())
