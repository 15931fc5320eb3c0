"""Digests of content: computed, and checked while bytes stream past."""

from __future__ import annotations

import hashlib

from moorage.oci.failures import DigestMismatch


def compute(body: bytes, algorithm: str = "sha256") -> str:
    """The digest of these bytes as `algorithm:hex`."""
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def verify(body: bytes, digest: str, what: str) -> None:
    """Raise `DigestMismatch` unless `body` is what `digest` names. `what` names it in the message."""
    found = compute(body, digest.partition(":")[0])
    if found != digest:
        raise mismatch(what, digest, found)


def mismatch(what: str, digest: str, found: str) -> DigestMismatch:
    """The error for bytes that are not those asked for."""
    return DigestMismatch(
        f"{what} does not have the content that its digest names",
        evidence=(f"expected {digest}", f"received {found}"),
        hint="Try again; if it stays so, the registry, a mirror or a proxy between changes what it serves.",
    )


class Check:
    """A running check of size and digest: feed each chunk, then call `finish`."""

    def __init__(self, digest: str, size: int, what: str) -> None:
        self._digest = digest
        self._size = size
        self._what = what
        self._hash = hashlib.new(digest.partition(":")[0])
        self.done = 0

    def feed(self, chunk: bytes) -> None:
        """Count and hash. Raises `DigestMismatch` at the first byte too many."""
        self.done += len(chunk)
        if self.done > self._size:
            raise mismatch(self._what, f"{self._digest}, {self._size} bytes", "more bytes than that")
        self._hash.update(chunk)

    def finish(self) -> None:
        """Raises `DigestMismatch` unless exactly the promised bytes were fed."""
        found = f"{self._digest.partition(':')[0]}:{self._hash.hexdigest()}"
        if found != self._digest or self.done != self._size:
            expected, received = f"{self._digest}, {self._size} bytes", f"{found}, {self.done} bytes"
            raise mismatch(self._what, expected, received)
