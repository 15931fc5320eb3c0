"""The loop over stages in a folder that stands for the root, with images out of memory. No program runs."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from pytest_httpserver import HTTPServer

from moorage.inside.executor.build import Built, build
from moorage.inside.executor.copying.errors import CopySourceMissing
from moorage.inside.executor.errors import CommandFailed, StepFailed
from moorage.inside.executor.images import Image, Layer
from moorage.inside.executor.place import Place, State, tell
from moorage.oci.failures import ImageNotFound
from moorage.oci.manifest import Descriptor
from tests.unit.inside.executor.orders import image, order
from tests.unit.inside.layers.archives import folder, layer, member

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

PASSWD = b"root:x:0:0:root:/root:\njoe:x:55:66::/home/joe:\n"


class Shelf:
    """One image of several layers, which come in small pieces; `asked` counts them."""

    def __init__(self, *archives: bytes) -> None:
        self.archives = archives
        self.asked: list[str] = []

    async def find(self, reference: str, platform: str) -> Image:
        if reference != "base":
            raise ImageNotFound(f"no {reference}")
        return Image(
            reference="base",
            digest="sha256:" + "b" * 64,
            configuration=image(User="joe"),
            layers=tuple(
                Layer(Descriptor(digest=digest(gzip.compress(each, mtime=0)), size=1), digest(each))
                for each in self.archives
            ),
        )

    async def layer(self, image: Image, layer: Layer) -> AsyncGenerator[bytes, None]:
        self.asked.append(layer.diff_id)
        found = next(each for each in self.archives if digest(each) == layer.diff_id)
        packed = gzip.compress(found, mtime=0)
        for at in range(0, len(packed), 100):
            yield packed[at : at + 100]


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


SHELF = Shelf(
    layer(folder("etc"), member("etc/passwd", PASSWD), folder("old"), member("old/file", os.urandom(5000))),
    layer(member("etc/.wh.nothing"), member("old/.wh.file"), member("second", b"2")),
    *(layer(member(f"more{number}", os.urandom(3000))) for number in range(5)),
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "root/kept").mkdir(parents=True)
    (tmp_path / "root/kept/file").write_text("the container's")
    (tmp_path / "root/leftover").write_text("of an earlier build")
    (tmp_path / "context").mkdir()
    (tmp_path / "context/a.txt").write_text("a")
    store = tmp_path / "root/store"
    return Place(root=str(tmp_path / "root"), store=str(store), guarded=("/kept", "/store"))


async def built(place: Place, text: str, shelf: Shelf = SHELF) -> tuple[Built, list[str]]:
    said: list[str] = []
    context = str(Path(place.root).parent / "context")
    return await build(order(text, context=context), place, shelf, said.append), said


def state(place: Place) -> State:
    return msgspec.json.decode(Path(place.store, "state.json").read_bytes(), type=State)


async def test_layers_come_in_order_and_nothing_else_is_left(place: Place) -> None:
    root = Path(place.root)
    done, said = await built(place, "FROM base\nWORKDIR /made\nCOPY --chown=joe a.txt .")
    assert sorted(each.name for each in root.iterdir()) == [
        "etc", "kept", "made", "more0", "more1", "more2", "more3", "more4", "old", "second", "store",
    ]  # fmt: skip
    assert list((root / "old").iterdir()) == []
    assert (root / "made/a.txt").stat().st_uid == (root / "made").stat().st_uid == 55
    assert (root / "kept/file").read_text() == "the container's"
    assert done.base == "sha256:" + "b" * 64
    assert done.config.config.working_dir == "/made"
    assert said[-1] == "[0 2/2] COPY --chown=joe a.txt ."
    assert state(place) == State(root="whole")
    assert sorted(each.name for each in Path(place.store).iterdir()) == ["state.json"]


async def test_stages_meet_in_the_last_one(place: Place) -> None:
    text = """\
FROM base AS one
COPY a.txt /one
FROM one AS two
COPY a.txt /two
FROM one AS three
COPY --from=two /two /from-two
FROM one
COPY --from=three /from-two /one /
COPY --from=base /second /image
"""
    await built(place, text)
    root = Path(place.root)
    assert (root / "from-two").read_text() == (root / "one").read_text() == "a"
    assert (root / "image").read_text() == "2"
    assert not (root / "two").exists()


async def test_what_the_target_does_not_need_is_not_built(place: Place) -> None:
    shelf = Shelf(*SHELF.archives)
    done, _ = await built(place, "FROM base AS unused\nCOPY nothing /\nFROM scratch\nCOPY a.txt /", shelf)
    assert shelf.asked == []
    assert done.base == ""


async def test_a_failing_step_names_its_line_and_leaves_word(place: Place) -> None:
    with pytest.raises(CopySourceMissing) as caught:
        await built(place, "FROM base\nCOPY a.txt /a\nCOPY missing.txt /")
    assert caught.value.evidence[0] == "Dockerfile:3: COPY missing.txt /"
    assert state(place) == State(root="failed", said=str(caught.value))
    assert Path(place.root, "a").exists()
    await built(place, "FROM base")
    assert state(place).root == "whole"
    assert not Path(place.root, "a").exists()


async def test_a_build_that_was_killed_is_begun_anew(place: Place) -> None:
    store, root = Path(place.store), Path(place.root)
    await built(place, "FROM base")
    tell(place, State(root="building"))
    for name in ("stages/0", "aside", "images/0", "add-x", "caches/kept"):
        (store / name).mkdir(parents=True)
    (root / "half").write_text("of a layer")
    (store / "root.json").write_text('{"unpacking": "sha256:1"}')
    await built(place, "FROM base AS one\nFROM scratch\nCOPY --from=one /second /")
    assert sorted(each.name for each in root.iterdir()) == ["kept", "second", "store"]
    assert sorted(each.name for each in store.iterdir()) == ["caches", "state.json"]
    assert (store / "caches/kept").is_dir()


async def test_what_the_container_has_of_its_own_is_not_worth_a_word(place: Place) -> None:
    shelf = Shelf(layer(folder("kept"), member("kept/file", b"the image's"), member("mine", b"x")))
    _, said = await built(place, "FROM base", shelf)
    assert said == ["[0] unpacking base (1 layers)"]
    assert Path(place.root, "kept/file").read_text() == "the container's"


async def test_what_is_added_from_elsewhere_is_downloaded(
    place: Place, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    httpserver.expect_request("/some.txt").respond_with_data(b"from elsewhere")
    await built(place, f"FROM scratch\nADD {httpserver.url_for('/some.txt')} /there/")
    assert Path(place.root, "there/some.txt").read_text() == "from elsewhere"
    assert [each.name for each in Path(place.store).iterdir()] == ["state.json"]


async def test_a_user_that_is_not_there(place: Place) -> None:
    with pytest.raises(StepFailed, match=r"Dockerfile:2: .*nosuch"):
        await built(place, "FROM base\nCOPY --chown=nosuch a.txt /")


async def test_a_program_that_is_not_there(place: Place) -> None:
    with pytest.raises(CommandFailed) as caught:
        await built(place, 'FROM base\nRUN ["/no/such/program"]')
    assert caught.value.evidence == ('Dockerfile:2: RUN ["/no/such/program"]',)


async def test_a_file_in_the_way_of_a_folder(place: Place) -> None:
    with pytest.raises(Exception, match="second"):
        await built(place, "FROM base\nWORKDIR /second/below")
    assert state(place).root == "failed"


async def test_nothing_is_deleted_for_an_image_that_is_not_there(place: Place) -> None:
    with pytest.raises(ImageNotFound):
        await built(place, "FROM elsewhere")
    assert Path(place.root, "leftover").exists()
    assert not Path(place.store).exists()
