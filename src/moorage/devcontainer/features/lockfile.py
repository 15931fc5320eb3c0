"""The lockfile beside a devcontainer.json: what each Feature was resolved to, so that it stays that.

One difference from the reference CLI: where a configuration has nothing that could be locked (local Features
only), no lockfile is made.
"""

# No `from __future__ import annotations`, as in properties.

import re
from collections.abc import Container, Iterator, Sequence

import msgspec

from moorage.devcontainer.features.collation import collated
from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.jsonc import Document, excerpt, parse
from moorage.errors import ConfigurationError

_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")
_LOCKABLE = ("oci", "tarball")


class BadLockfile(ConfigurationError):
    """An entry of the lockfile pins nothing that could be verified."""

    code = "bad-lockfile"


class LockfileMissing(ConfigurationError):
    """The lockfile may not be changed, and there is none."""

    code = "lockfile-missing"


class LockfileMismatch(ConfigurationError):
    """The lockfile may not be changed, and Features resolve to something else."""

    code = "lockfile-mismatch"


class Locked(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One Feature of the lockfile. `integrity` is the manifest's digest (OCI), or that of the archive."""

    version: str = ""
    resolved: str
    integrity: str
    depends_on: tuple[str, ...] = ()


class Lockfile(msgspec.Struct, frozen=True, kw_only=True):
    """Reference as written → what it was resolved to. Other tools may write the references in lower case."""

    features: dict[str, Locked] = {}

    def pin(self, reference: str) -> str:
        """The digest that a reference has to have; "" where it is not locked."""
        locked = self.entry(reference)
        return locked.integrity if locked else ""

    def entry(self, reference: str) -> Locked | None:
        """What a reference was resolved to."""
        if reference in self.features:
            return self.features[reference]
        lowered = reference.lower()
        return next((each for key, each in self.features.items() if key.lower() == lowered), None)


def lockfile_path(configuration: str) -> str:
    """Beside the configuration; hidden where that is."""
    folder, slash, name = configuration.rpartition("/")
    return f"{folder}{slash}{'.' if name.startswith('.') else ''}devcontainer-lock.json"


def read(data: bytes, file: str) -> Lockfile:
    """A lockfile's content; an empty file is one that waits to be filled in.

    Raises BrokenJson, WrongType and BadLockfile with file:line:column.
    """
    if not data.strip():
        return Lockfile()
    document = parse(data, file)
    try:
        lockfile = msgspec.convert(document.value, Lockfile)
    except msgspec.ValidationError as error:
        from moorage.devcontainer.wrong_type import wrong_type  # only broken files pay for the explanation

        raise wrong_type(document, document.value, Lockfile, error) from None
    for reference, locked in lockfile.features.items():
        if not _DIGEST.fullmatch(locked.integrity):
            raise _not_a_digest(document, reference)
    return lockfile


def write(lockfile: Lockfile) -> str:
    """The text as the reference CLI writes it: sorted by collation, two spaces, a newline at the end."""
    features = sorted(lockfile.features.items(), key=lambda item: collated(item[0]))
    text = msgspec.json.encode(Lockfile(features=dict(features)))
    return msgspec.json.format(text, indent=2).decode() + "\n"


def resolved(installs: Sequence[Install], declared: Container[str]) -> Lockfile:
    """What a lockfile keeps of a resolution.

    `declared` are the references of the configuration: additional Features of the command line, and what only
    those depend on, are left out, and so are local Features and those of GitHub releases.
    """
    by_reference = {install.found.reference: install.found for install in installs}
    kept = [by_reference[each] for each in _reachable(by_reference, declared)]
    return Lockfile(features={found.reference: _locked(found) for found in kept if found.kind in _LOCKABLE})


def changed(data: bytes | None, now: Lockfile, file: str, *, frozen: bool = False) -> str | None:
    """The text to write, or None where the file (None: there is none) is right as it is.

    Raises LockfileMissing and LockfileMismatch where it is `frozen` and not right. Formatting, and order and
    case of references, make no difference.
    """
    if data is None and not now.features:
        return None
    if data is None and frozen:
        raise LockfileMissing("Lockfile does not exist.", hint=_UNFROZEN)
    before = read(data or b"", file)
    if data is not None and _same(before, now):
        return None
    if frozen:
        raise LockfileMismatch(
            "Lockfile does not match.", evidence=tuple(differences(before, now)), hint=_UNFROZEN
        )
    return write(now)


def differences(before: Lockfile, now: Lockfile) -> Iterator[str]:
    """One line for each Feature that is new, gone, or resolved to something else."""
    for reference in sorted({*before.features, *now.features}, key=collated):
        old, new = before.entry(reference), now.entry(reference)
        if old is None or new is None:
            yield f"{reference}: {'not locked' if old is None else 'no longer used'}"
        elif _essence(old) != _essence(new):
            yield f"{reference}: {_told(old)} → {_told(new)}"


_UNFROZEN = "Run it once without --frozen-lockfile, and commit the file."


def _same(before: Lockfile, now: Lockfile) -> bool:
    return next(differences(before, now), None) is None


def _essence(locked: Locked) -> tuple[str, str, str, list[str]]:
    depends_on = sorted(each.lower() for each in locked.depends_on)
    return locked.version, locked.resolved, locked.integrity, depends_on


def _told(locked: Locked) -> str:
    return f"{locked.version or 'no version'} ({locked.integrity[:19]})"


def _reachable(by_reference: dict[str, FoundFeature], declared: Container[str]) -> Iterator[str]:
    """The declared references and all that they depend on."""
    queue = [reference for reference in by_reference if reference in declared]
    seen: set[str] = set()
    for reference in queue:
        if reference in by_reference and reference not in seen:
            seen.add(reference)
            queue += by_reference[reference].feature.depends_on
            yield reference


def _locked(found: FoundFeature) -> Locked:
    return Locked(
        version=found.feature.version,
        resolved=found.resolved,
        integrity=found.digest,
        depends_on=tuple(found.feature.depends_on),
    )


def _not_a_digest(document: Document, reference: str) -> BadLockfile:
    path = ("features", reference, "integrity")
    line, column = document.position(path)
    return BadLockfile(
        f"{document.file}:{line}:{column}: the integrity of {reference!r} is no digest.",
        evidence=excerpt(document.text, line, column),
        hint="Remove this entry, and it is resolved anew.",
    )
