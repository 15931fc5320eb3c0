"""Logins from git's own helpers."""

from __future__ import annotations

from pathlib import Path

from moorage.git import access, credentials
from moorage.spec.source import GitSource


def helper(environ: dict[str, str], text: str) -> None:
    (Path(environ["HOME"]) / ".gitconfig").write_text(f'[credential]\n\thelper = "!f() {{ {text}; }}; f"\n')


async def test_a_helper_is_asked(environ: dict[str, str]) -> None:
    helper(environ, "echo username=ann; echo password=a=b")
    found = await credentials.fill("https://host:8443/o/r", environ=environ)
    assert found == credentials.Credential(origin="https://host:8443", username="ann", password="a=b")


async def test_the_user_of_the_address_is_told_to_the_helper(environ: dict[str, str]) -> None:
    helper(environ, "grep -q username=bob && echo password=bobs")
    found = await credentials.fill("https://bob@host/o/r", environ=environ)
    assert found == credentials.Credential(origin="https://host", username="bob", password="bobs")


async def test_no_helper_is_no_login_and_no_prompt(environ: dict[str, str]) -> None:
    assert await credentials.fill("https://host/o/r", environ=environ) is None


async def test_a_helper_that_hangs_is_left(environ: dict[str, str]) -> None:
    helper(environ, "exec sleep 60")
    assert await credentials.fill("https://host/o/r", environ=environ, timeout=0.3) is None


async def test_other_protocols_have_no_login(environ: dict[str, str]) -> None:
    helper(environ, "echo username=ann; echo password=x")
    for url in ("git@host:o/r", "git://host/r", "file:///srv/r"):
        assert await credentials.fill(url, environ=environ) is None


async def test_a_repository_here_names_its_folders(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "r.git").mkdir()
    found = await access.find(GitSource(url=f"file://{tmp_path}/r"), environ=environ)
    assert found.host_paths == (f"{tmp_path}/r.git",)
