from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import BadFeatureReference
from moorage.errors import MoorageError
from moorage.events import Event
from moorage.facts.features.errors import FeatureMissing, FeatureUnusable
from moorage.facts.features.finder import Finder
from moorage.facts.features.local import FeatureOutside
from moorage.planner.questions import ReadFeature

Find = Callable[..., FoundFeature]


@pytest.fixture
def feature(tmp_path: Path) -> Path:
    """<workspace>/.devcontainer/hello"""
    folder = tmp_path / "workspace" / ".devcontainer" / "hello"
    folder.mkdir(parents=True)
    (folder / "devcontainer-feature.json").write_text(
        json.dumps({"id": "hello", "version": "1.0.0", "name": "Hello"})
    )
    (folder / "install.sh").write_text("echo hello\n")
    return folder


class Told:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


async def find(tmp_path: Path, reference: str = "./hello", told: Told | None = None) -> FoundFeature:
    workspace = tmp_path / "workspace"
    question = ReadFeature(
        reference=reference, base=str(workspace / ".devcontainer"), workspace=str(workspace)
    )
    async with Finder(tmp_path / "cache", reporter=told) as finder:
        found = await finder.find(question)
        assert await finder.content(found) == Path(found.content)
        return found


async def test_a_feature_beside_the_configuration(tmp_path: Path, feature: Path) -> None:
    found = await find(tmp_path)
    assert (found.kind, found.base, found.content, found.resolved) == (
        "local",
        str(feature),
        str(feature),
        "",
    )
    assert found.feature.name == "Hello"


async def test_its_digest_is_that_of_what_is_in_it(tmp_path: Path, feature: Path) -> None:
    seen = [(await find(tmp_path)).digest]

    async def changed(change: Callable[[], object]) -> bool:
        change()
        seen.append((await find(tmp_path)).digest)
        return seen[-1] not in seen[:-1]

    script = feature / "install.sh"
    assert not await changed(lambda: os.utime(script, (0, 0)))
    assert await changed(lambda: script.write_text("echo other\n"))
    assert await changed(lambda: script.chmod(0o755))
    assert not await changed(lambda: script.chmod(0o700))
    assert await changed(lambda: (feature / "more").write_text(""))
    assert await changed(lambda: (feature / "link").symlink_to("more"))
    assert await changed(lambda: ((feature / "link").unlink(), (feature / "link").symlink_to("install.sh")))


async def test_an_ignore_file_in_it_is_a_file_as_any_other(tmp_path: Path, feature: Path) -> None:
    before = await find(tmp_path)
    (feature / ".dockerignore").write_text("*\n")
    assert (await find(tmp_path)).digest != before.digest


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("../outside", BadFeatureReference),
        ("../../outside", BadFeatureReference),
        ("./hello/../../../outside", BadFeatureReference),
        ("../.devcontainer", BadFeatureReference),
        ("./missing", FeatureMissing),
        ("./file", FeatureMissing),
        ("./empty", FeatureMissing),
        ("./out", FeatureOutside),
    ],
)
async def test_what_is_not_in_the_folder_is_refused(
    tmp_path: Path, feature: Path, reference: str, kind: type[MoorageError]
) -> None:
    outside = tmp_path / "workspace" / "outside"
    outside.mkdir()
    (outside / "devcontainer-feature.json").write_text('{"id": "outside", "version": "1.0.0"}')
    (feature.parent / "file").write_text("")
    (feature.parent / "empty").mkdir()
    (feature.parent / "out").symlink_to(outside)
    with pytest.raises(kind) as caught:
        await find(tmp_path, reference)
    assert reference in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../outside", "../other/secret", "/dev"])
async def test_a_link_that_leads_out_is_refused(tmp_path: Path, feature: Path, target: str) -> None:
    (feature / "link").symlink_to(target)
    with pytest.raises(FeatureOutside, match=r"Could not resolve Feature '\./hello': link"):
        await find(tmp_path)


async def test_metadata_behind_a_link_out_is_never_shown(tmp_path: Path, feature: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    (feature / "devcontainer-feature.json").unlink()
    (feature / "devcontainer-feature.json").symlink_to(secret)
    with pytest.raises(FeatureOutside) as caught:
        await find(tmp_path)
    assert "the secret" not in f"{caught.value.message} {caught.value.evidence}"


async def test_a_feature_needs_its_script(tmp_path: Path, feature: Path) -> None:
    (feature / "install.sh").unlink()
    with pytest.raises(FeatureUnusable, match=r"has no install\.sh"):
        await find(tmp_path)


async def test_the_author_is_told_of_mistakes(tmp_path: Path, feature: Path) -> None:
    (feature / "devcontainer-feature.json").write_text('{"id": "hello", "version": "1.0.0", "nmae": "x"}')
    told = Told()
    await find(tmp_path, told=told)
    assert any("nmae" in getattr(event, "text", "") for event in told.events)


async def test_broken_metadata_names_file_and_line(tmp_path: Path, feature: Path) -> None:
    (feature / "devcontainer-feature.json").write_text('{"id": "hello",\n')
    with pytest.raises(MoorageError, match=r"devcontainer-feature\.json:1:1"):
        await find(tmp_path)
