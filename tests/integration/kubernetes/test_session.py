"""Many workspaces in one session of the Python API."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

import moorage
from moorage.errors import MoorageError
from moorage.events import Redacting, Silent
from moorage.workspace.opening import open_site
from tests.integration.kubernetes.person import IMAGE, Person

TOGETHER = 4


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = []
    for number in range(TOGETHER):
        folder = tmp_path / f"project{number}"
        (folder / ".devcontainer").mkdir(parents=True)
        body = {"image": IMAGE, "postCreateCommand": f"echo {number} > /tmp/number"}
        (folder / ".devcontainer/devcontainer.json").write_text(json.dumps(body))
        made.append(folder)
    return made


async def test_workspaces_made_at_once_share_what_is_asked(
    person: Person, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in person.cli.env.items():
        monkeypatch.setenv(name, value)
    options = {"namespace": person.namespace}
    async with open_site(Redacting(Silent()), driver="kubernetes", options=options) as site:
        session = moorage.Session(site)
        made = await asyncio.gather(*(session.up(str(folder)) for folder in folders))
        assert site.cluster is not None
        asked = list(site.cluster.cluster.requests)
        with pytest.raises(MoorageError):
            await session.up(str(folders[0] / "missing"))
        assert (await session.up(str(folders[0]))).steps == ()
    assert [each.name for each in made] == [folder.name for folder in folders]
    assert len({each.workspace for each in made}) == TOGETHER
    assert asked.count("GET /version") == 1
    for number, folder in enumerate(folders):
        assert person.ok("exec", folder, "--", "cat", "/tmp/number").stdout == f"{number}\n"
