"""Archives of Features that reach for what is not theirs."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nasty.conftest import BUSYBOX, Attempt
from tests.nasty.publishing import digest, published
from tests.unit.facts.archives import bomb, folder, link, member, tar, zipped

METADATA = {"id": "evil", "version": "1.0.0", "name": "Evil"}
OWN = (
    member("./devcontainer-feature.json", json.dumps(METADATA).encode()),
    member("./install.sh", b"#!/bin/sh\ntrue\n", mode=0o755),
)
Members = Callable[[Path], bytes]
REFUSED: dict[str, Members] = {
    "a path that climbs": lambda top: tar(*OWN, member(f"./{'../' * 12}{top}/pwned", b"x")),
    "a path from the root": lambda top: tar(*OWN, member(f"{top}/pwned", b"x")),
    "a link out, and a file through it": lambda top: tar(
        *OWN, link("./d", f"{top}"), member("./d/pwned", b"x")
    ),
    "a link that climbs": lambda top: tar(*OWN, link("./d", "../" * 12), member(f"./d{top}/pwned", b"x")),
    "a hard link to a file outside": lambda top: tar(*OWN, link("./s", f"{top}/outside/secret", hard=True)),
    "a device": lambda top: tar(*OWN, member("./sda", type=tarfile.BLKTYPE, devmajor=8)),
    "a pipe in the place of install.sh": lambda top: tar(
        OWN[0], member("./install.sh", type=tarfile.FIFOTYPE)
    ),
    "a file that is a folder": lambda top: tar(OWN[0], folder("./install.sh")),
    "half a gibibyte of zeros": lambda top: zipped(tar(*OWN)[:-1024]) + bomb(520 << 20),
    "names of control characters": lambda top: tar(*OWN, member("./\x1b]0;pwned\x07\n\x1b[2J", b"x")),
    "more members than anybody needs": lambda top: _many(20_001),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_or_harmless(name: str, attempt: Attempt, registry: str) -> None:
    layer = REFUSED[name](attempt.top)
    attempt.write({"image": BUSYBOX, "features": {published(registry, layer, METADATA): {}}})
    result = attempt("build", attempt.project)
    assert result.code != 70, result.stderr
    assert "Traceback" not in result.stderr
    if result.code:
        attempt.refused(result)
    cached = [*attempt.moorage.home.rglob("*")]
    assert not [each for each in cached if each.is_symlink() and attempt.top not in each.resolve().parents]
    assert sum(each.stat().st_size for each in cached if each.is_file()) < 600 << 20


def test_a_manifest_that_lies_about_its_layer(attempt: Attempt, registry: str) -> None:
    layer, other = tar(*OWN), tar(*OWN, member("./pwned", b"x"))
    for said in ({"size": 10}, {"size": 10**15}, {"digest": digest(other)}, {"digest": "sha256:../../pwned"}):
        try:
            reference = published(registry, layer, METADATA, **said)
        except OSError:  # the registry does not take it
            continue
        attempt.write({"image": BUSYBOX, "features": {reference: {}}})
        attempt.refused(attempt("build", attempt.project))


def _many(count: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for info, data in OWN:
            archive.addfile(info, io.BytesIO(data))
        for number in range(count):
            archive.addfile(tarfile.TarInfo(f"./{number}"))
    return out.getvalue()
