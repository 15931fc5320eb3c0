"""gc's question: volumes may hold work, so silence is not consent."""

from __future__ import annotations

import pytest

from moorage.cli.gc import VolumesNotConfirmed, _confirm
from moorage.workspace.gc import Garbage


def test_without_a_terminal_volumes_are_not_removed(capsys: pytest.CaptureFixture[str]) -> None:
    lost = Garbage(kind="volume", name="moorage-x", why="it has no container", size=12_000)
    with pytest.raises(VolumesNotConfirmed) as raised:
        _confirm((lost,))
    assert raised.value.exit_code == 9
    assert "--yes" in raised.value.hint
    assert "moorage-x  12.0 kB" in capsys.readouterr().err
