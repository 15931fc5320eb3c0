"""What people type and paste, read as a folder, a repository or an image."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.errors import MoorageError, SourceError, UsageError
from moorage.spec import source as sources
from moorage.spec.giturl import without_secrets
from moorage.spec.source import BadSource, FolderGone, GitSource, ImageSource, LocalFolder, Source

SHA = "0123456789abcdef0123456789abcdef01234567"
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
FOLDERS = {"/", "/home", "/home/ann", "/home/ann/hello", "/home/ann/my app=1 'é'", "/home/ann/repo.git"}


def parse(text: str, folders: set[str] = FOLDERS) -> Source:
    return sources.parse(
        text,
        cwd="/home/ann",
        home="/home/ann",
        is_folder=folders.__contains__,
        children=lambda path: [f.rpartition("/")[2] for f in folders if f.rpartition("/")[0] == path],
    )


def git(url: str, **state: str | int) -> GitSource:
    return GitSource(url=url, **state)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (".", "/home/ann"),
        ("./", "/home/ann"),
        ("..", "/home"),
        ("hello", "/home/ann/hello"),
        ("./hello/", "/home/ann/hello"),
        ("/home//ann/../ann/hello", "/home/ann/hello"),
        ("//home/ann", "/home/ann"),
        ("~", "/home/ann"),
        ("~/hello", "/home/ann/hello"),
        ("local:hello", "/home/ann/hello"),
        ("my app=1 'é'", "/home/ann/my app=1 'é'"),
        ("/", "/"),
    ],
)
def test_folders(text: str, path: str) -> None:
    assert parse(text) == LocalFolder(path=path)


def test_an_existing_folder_wins_over_a_bare_repository() -> None:
    folders = FOLDERS | {"/home/ann/github.com/org/repo"}
    assert parse("github.com/org/repo", folders) == LocalFolder(path="/home/ann/github.com/org/repo")
    assert parse("git:github.com/org/repo") == git("https://github.com/org/repo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://github.com/org/repo", git("https://github.com/org/repo")),
        ("https://github.com/org/repo.git/", git("https://github.com/org/repo.git")),
        ("http://host:3000/org/repo", git("http://host:3000/org/repo")),
        ("https://ann@host/org/repo", git("https://ann@host/org/repo")),
        ("ssh://git@host:2222/org/repo.git", git("ssh://git@host:2222/org/repo.git")),
        ("git+ssh://git@host/org/repo", git("ssh://git@host/org/repo")),
        ("git@host:org/repo.git", git("git@host:org/repo.git")),
        ("host:org/repo", git("host:org/repo")),
        ("git@[::1]:org/repo", git("git@[::1]:org/repo")),
        ("git://host/org/repo", git("git://host/org/repo")),
        ("file:///srv/repo.git", git("file:///srv/repo.git")),
        ("file://localhost/srv/repo.git", git("file:///srv/repo.git")),
        ("file:///srv/my repo", git("file:///srv/my%20repo")),
        ("github.com/org/repo", git("https://github.com/org/repo")),
        ("git.example.org/repo", git("https://git.example.org/repo")),
        ("git:git@host:org/repo", git("git@host:org/repo")),
        ("git:./repo.git", git("file:///home/ann/repo.git")),
        ("git:./repo.git@dev", git("file:///home/ann/repo.git", branch="dev")),
        ("git:/home/ann/my app=1 'é'", git("file:///home/ann/my%20app=1%20'%C3%A9'")),
        ("https://git.sr.ht/~ann/repo", git("https://git.sr.ht/~ann/repo")),
        ("https://host/@ann/repo@dev", git("https://host/@ann/repo", branch="dev")),
    ],
)
def test_repositories(text: str, expected: GitSource) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("suffix", "state"),
    [
        ("@main", {"branch": "main"}),
        ("@feature/x/y", {"branch": "feature/x/y"}),
        ("@refs/heads/x", {"branch": "x"}),
        ("@pkg@1.0", {"branch": "pkg@1.0"}),
        (f"@sha256:{SHA}", {"commit": SHA}),
        (f"@{SHA}", {"commit": SHA}),
        (f"@{SHA.upper()}", {"commit": SHA}),
        ("@pull/12/head", {"pull_request": 12}),
        ("@merge-requests/3/head", {"pull_request": 3}),
        ("#pr=7", {"pull_request": 7}),
        ("#main", {"branch": "main"}),
        ("#main:a/b", {"branch": "main", "subfolder": "a/b"}),
        ("#:a/b/", {"subfolder": "a/b"}),
        (f"#{SHA}:a", {"commit": SHA, "subfolder": "a"}),
        (f"#sha256:{SHA}:a", {"commit": SHA, "subfolder": "a"}),
        ("@subpath:a/./b", {"subfolder": "a/b"}),
        ("@subpath:/", {}),
        ("@dev@subpath:a", {"branch": "dev", "subfolder": "a"}),
        (f"@sha256:{SHA}@subpath:a", {"commit": SHA, "subfolder": "a"}),
        ("@pull/1/head@subpath:a", {"pull_request": 1, "subfolder": "a"}),
        ("@dev#:a", {"branch": "dev", "subfolder": "a"}),
    ],
)
def test_states(suffix: str, state: dict[str, str | int]) -> None:
    for url in ("https://host/org/repo.git", "git@host:org/repo", "file:///srv/repo"):
        assert parse(url + suffix) == git(url, **state)
    assert parse("github.com/org/repo" + suffix) == git("https://github.com/org/repo", **state)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("github.com/o/r/tree/dev", git("https://github.com/o/r", branch="dev")),
        (
            "https://github.com/o/r/tree/dev/a/b?tab=x#readme",
            git("https://github.com/o/r", branch="dev", subfolder="a/b"),
        ),
        (
            "https://github.com/o/r/tree/fix%2F1/a",
            git("https://github.com/o/r", branch="fix/1", subfolder="a"),
        ),
        (f"https://github.com/o/r/tree/{SHA}/a", git("https://github.com/o/r", commit=SHA, subfolder="a")),
        ("https://github.com/o/r/pull/5/files#diff-1", git("https://github.com/o/r", pull_request=5)),
        (f"https://github.com/o/r/commit/{SHA}", git("https://github.com/o/r", commit=SHA)),
        (
            "https://gl.example.org/g/s/r/-/tree/dev/a",
            git("https://gl.example.org/g/s/r", branch="dev", subfolder="a"),
        ),
        ("https://gitlab.com/g/r/-/merge_requests/9/diffs", git("https://gitlab.com/g/r", pull_request=9)),
        (f"https://gitlab.com/g/r/-/commit/{SHA}", git("https://gitlab.com/g/r", commit=SHA)),
        (
            "https://bitbucket.org/w/r/src/dev/a/",
            git("https://bitbucket.org/w/r", branch="dev", subfolder="a"),
        ),
        ("https://bitbucket.org/w/r/pull-requests/2", git("https://bitbucket.org/w/r", pull_request=2)),
        (
            "https://gitea.example.org/o/r/src/branch/dev/a",
            git("https://gitea.example.org/o/r", branch="dev", subfolder="a"),
        ),
        ("https://gitea.example.org/o/r/pulls/4", git("https://gitea.example.org/o/r", pull_request=4)),
        ("https://host/o/tree/tree", git("https://host/o/tree/tree")),
        ("https://gitlab.com/group/sub/deep/repo", git("https://gitlab.com/group/sub/deep/repo")),
    ],
)
def test_pages_pasted_from_a_browser(text: str, expected: GitSource) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("reference", ["ubuntu", "ubuntu:22.04", "localhost:5000/a/b@sha256:" + "a" * 64])
def test_images(reference: str) -> None:
    assert parse("image:" + reference) == ImageSource(reference=reference)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("local:", "empty"),
        ("-x", "flag"),
        ("--upload-pack=touch /tmp/x", "flag"),
        ("https://host/a\nb", "control"),
        ("https://host/a%0Ab", "control"),
        ("hello\x1b[31m", "control"),
        ("bad\udcff", "control"),
        ("ext::sh -c id", "ransport helper"),
        ("git:ext::sh -c id", "ransport helper"),
        ("ftp://host/repo", "ftp"),
        ("ssh://-oProxyCommand=id/x", "host name"),
        ("git@host:-x", "flag"),
        ("https://host:99999/a", "port"),
        ("https://host", "no repository"),
        ("https://github.com/org", "owner"),
        ("https://host/repo?x=1", "query"),
        ("https://github.com/o/r/blob/main/README.md", "file"),
        ("file://server/share", "this machine"),
        ("https://host/r@a..b", "branch"),
        ("https://host/r@-x", "branch"),
        ("https://host/r@a b", "branch"),
        ("https://host/r#a.lock", "branch"),
        ("https://host/r@sha256:abc", "full commit"),
        ("https://host/r@subpath:../..", "leaves"),
        ("https://host/r@dev#main", "two of branch"),
        (f"https://host/r@dev#{SHA}", "only one"),
        ("ubuntu:22.04", "could be an image"),
        ("ghcr.io/org/image:1", "could be an image"),
        ("localhost:5000/a/b", "could be an image"),
        ("ghcr.io/org/image@sha256:" + "a" * 64, "could be an image"),
        ("git:org/repo", "no address"),
        ("image:Upper", "no image reference"),
        ("image:--rm", "no image reference"),
        ("image:", "no image reference"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(BadSource, match=says) as caught:
        parse(text)
    assert isinstance(caught.value, UsageError)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "https://ann:S3CRET@host/org/repo",
        "https://ghp_S3CRET@github.com/org/repo",
        "ssh://ann:S3CRET@host/org/repo",
        "ann:S3CRET@host:org/repo",
        "git:https://ann:S3CRET@host/o/r?x",
        "foo://ann:S3CRET@host/o/r",
        "image:https://ann:S3CRET@host/o",
        "https://ann:S3CR@ET:S3CRET@host/o\x07",
        "https://host/repo?private_token=S3CRET",
    ],
)
def test_passwords_are_refused_and_never_shown(text: str) -> None:
    with pytest.raises(BadSource) as caught:
        parse(text)
    assert "S3CRET" not in repr((caught.value.message, caught.value.evidence, caught.value.hint))


def test_secrets_leave_log_lines() -> None:
    line = "fatal: unable to access 'https://u:pw@host/r?token=pw': u:pw@host:r, Cloning into 'x'..."
    assert without_secrets(line) == "fatal: unable to access 'https://host/r': host:r, Cloning into 'x'..."


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("helo", "/home/ann/hello"),
        ("./helo", "/home/ann/hello"),
        ("/home/ann/x/y/z", "nearest folder that exists is /home/ann"),
        ("/home/bob/z", "nearest folder that exists is /home"),
        ("org/repo", "github.com/org/repo"),
        ("local:helo", "/home/ann/hello"),
    ],
)
def test_a_folder_that_is_gone(text: str, hint: str) -> None:
    with pytest.raises(FolderGone, match="no folder") as caught:
        parse(text)
    assert isinstance(caught.value, SourceError)
    assert hint in caught.value.hint


SAME = [
    [
        "https://github.com/org/repo",
        "https://github.com/org/repo.git",
        "https://GitHub.com:443/org/repo/",
        "https://ann@github.com/org//repo.git/",
        "github.com/org/repo",
        "git:github.com/org/repo.git",
    ],
    ["git@host:org/repo.git", "ssh://git@HOST:22/org/repo", "git+ssh://git@host/org/repo.git/"],
    ["git://host:9418/r", "git://host/r.git"],
    ["file:///srv/r", "file://localhost/srv//r.git", "file:///srv/%72"],
    ["github.com/o/r@dev", "https://github.com/o/r/tree/dev", "https://github.com/o/r.git#dev"],
    ["github.com/o/r@pull/3/head", "https://github.com/o/r/pull/3", "github.com/o/r#pr=3"],
    ["image:ubuntu", "image:docker.io/library/ubuntu:latest"],
    [".", "/home/ann", "../ann/", "~"],
]


@pytest.mark.parametrize("spellings", SAME)
def test_spellings_of_one_source_are_one_workspace(spellings: list[str]) -> None:
    assert len({sources.canonical(parse(text)) for text in spellings}) == 1


def test_different_sources_are_different_workspaces() -> None:
    texts = [group[0] for group in SAME]
    texts += ["http://github.com/org/repo", "https://github.com:444/org/repo", "github.com/org/repo@a"]
    texts += [
        "github.com/org/repo@subpath:a",
        "alice@host:org/repo",
        f"github.com/org/repo@{SHA}",
        "image:ubuntu:24.04",
    ]
    assert len({sources.canonical(parse(text)) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("github.com/org/My_Repo.git", "my-repo"),
        ("git@host:repo.git", "repo"),
        ("github.com/org/repo@dev@subpath:services/API", "repo-api"),
        ("github.com/org/repo@pull/12/head", "repo-pr-12"),
        ("my app=1 'é'", "my-app-1-e"),
        ("/", "workspace"),
        ("file:///srv/日本", "workspace"),
        ("file:///srv/caf%C3%A9.git", "cafe"),
        ("image:mcr.microsoft.com/devcontainers/base:ubuntu", "base"),
        ("image:localhost:5000/x", "x"),
        ("github.com/o/" + "a" * 39 + "-b", "a" * 39),
    ],
)
def test_names(text: str, name: str) -> None:
    assert sources.default_name(parse(text)) == name


PATH_LETTERS = string.ascii_letters + string.digits + "._-~@ %+é日"
segment = st.text(PATH_LETTERS, min_size=1, max_size=8).filter(lambda s: s.strip("._-@ %") and s[0] != "@")
branches = st.from_regex(r"[a-z0-9][a-z0-9_+-]{0,6}(/[a-z0-9][a-z0-9]{0,5}){0,2}", fullmatch=True)
states = st.one_of(
    st.just(""),
    branches.map("@{}".format),
    branches.map("#{}".format),
    st.integers(1, 10**6).map("@pull/{}/head".format),
    st.just(f"@sha256:{SHA}"),
)
folders = st.one_of(st.just(""), branches.map("@subpath:{}".format))
hosts = st.sampled_from(["github.com", "h.example.org", "localhost", "10.0.0.1"])
schemes = st.sampled_from(["https://", "http://", "ssh://git@", "git://", "ssh://"])


@st.composite
def repositories(draw: st.DrawFn) -> str:
    path = "/".join(draw(st.lists(segment, min_size=2, max_size=4))).replace("@", "%40")
    path = path.replace("%", "%25") if draw(st.booleans()) else path.replace("%", "")
    address = f"{draw(schemes)}{draw(hosts)}/{path}"
    state, folder = draw(states), draw(folders)
    return address + (state + folder if not state.startswith("#") else state)


@given(repositories())
def test_what_is_displayed_parses_to_the_same_source(text: str) -> None:
    source = parse(text)
    again = parse(sources.display(source))
    assert again == source
    assert sources.canonical(again) == sources.canonical(source)


@given(st.text(max_size=60) | repositories().flatmap(lambda t: st.text(max_size=5).map(t.__add__)))
def test_any_text_is_a_source_or_one_clear_error(text: str) -> None:
    try:
        source = parse(text)
    except MoorageError as error:
        told = error
        assert told.hint
        assert not CONTROL.search(told.message)
        return
    name = sources.default_name(source)
    assert 1 <= len(name) <= 40
    assert set(name) <= set(string.ascii_lowercase + string.digits + "-")
    assert name[0] != "-"
    assert name[-1] != "-"
    assert not CONTROL.search(sources.canonical(source))


@given(st.text(string.ascii_letters + string.digits, min_size=3), hosts)
def test_no_error_ever_shows_a_password(middle: str, host: str) -> None:
    password = f"pw{middle}"
    for text in (
        f"https://u:{password}@{host}/o/r",
        f"x://u:{password}@{host}/o",
        f"u:{password}@{host}:o/r",
    ):
        with pytest.raises(BadSource) as caught:
            parse(text)
        assert password not in caught.value.message + caught.value.hint
