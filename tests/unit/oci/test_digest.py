"""Content is what its digest says, or it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.oci.digest import Check, compute, verify
from moorage.oci.failures import DigestMismatch
from moorage.oci.reference import is_digest


@given(st.lists(st.binary(max_size=20)), st.sampled_from(["sha256", "sha384", "sha512"]))
def test_chunks_are_as_good_as_the_whole(chunks: list[bytes], algorithm: str) -> None:
    whole = b"".join(chunks)
    digest = compute(whole, algorithm)
    assert is_digest(digest)
    verify(whole, digest, "x")
    check = Check(digest, len(whole), "x")
    for chunk in chunks:
        check.feed(chunk)
    check.finish()


def test_too_much_is_noticed_at_once() -> None:
    check = Check(compute(b"ab"), 2, "the blob")
    check.feed(b"ab")
    with pytest.raises(DigestMismatch, match="the blob"):
        check.feed(b"c")


@pytest.mark.parametrize("body", [b"a", b"xb"])
def test_less_or_other_is_noticed_at_the_end(body: bytes) -> None:
    check = Check(compute(b"ab"), 2, "the blob")
    check.feed(body)
    with pytest.raises(DigestMismatch) as caught:
        check.finish()
    assert caught.value.evidence[0] == f"expected {compute(b'ab')}, 2 bytes"
