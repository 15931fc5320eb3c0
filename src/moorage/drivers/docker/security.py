"""Security options, which Docker's client partly turns into other settings before the engine sees them."""

from __future__ import annotations

import msgspec

from .draft import Draft
from .values import BadValue


def option(draft: Draft, text: str) -> None:
    """One `--security-opt`. A seccomp profile's file is read here, as engines want its content."""
    if text == "systempaths=unconfined":
        draft.host["MaskedPaths"] = []
        draft.host["ReadonlyPaths"] = []
        return
    name, separator, value = text.partition("=")
    if not separator and ":" in text:  # the older spelling
        name, _, value = text.partition(":")
    if not value and name != "no-new-privileges":
        raise BadValue(f"an option such as seccomp=unconfined is expected, not {text!r}")
    if name == "seccomp" and value not in ("unconfined", "builtin"):
        value = _profile(draft, value)
    draft.append(draft.host, "SecurityOpt", f"{name}={value}" if value else name)


def _profile(draft: Draft, path: str) -> str:
    content = draft.machine.read(path)
    try:
        return msgspec.json.encode(msgspec.json.decode(content)).decode()
    except msgspec.DecodeError as error:
        raise BadValue(f"the seccomp profile {path} is no JSON ({error})") from error
