"""What the user names: a local folder, a Git repository, an image. Text in, data out; nothing is looked at.

Folders are told from URLs by their spelling first and by the caller's `is_folder` second. Whatever could be
read in two ways is refused with both spellings.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

import msgspec

from ..errors import SourceError
from . import giturl, pin, webpage
from .giturl import Address, BadSource, without_secrets
from .pin import Pin

__all__ = [
    "BadSource",
    "FolderGone",
    "GitSource",
    "ImageSource",
    "LocalFolder",
    "Source",
    "canonical",
    "default_name",
    "display",
    "parse",
]

_PATH = r"(?:/|\.\.?(?:/|$)|~(?:/|$))"
# Control characters, those that turn the direction of text, and bytes that are no UTF-8.
_UNREADABLE = "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_FORGES = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})


class FolderGone(SourceError):
    """The text is a path, and no folder is there."""

    code = "folder-gone"


class LocalFolder(msgspec.Struct, frozen=True, kw_only=True, tag="folder"):
    """A folder of this machine; `path` is absolute and normalised, symbolic links as the user wrote them."""

    path: str


class GitSource(msgspec.Struct, frozen=True, kw_only=True, tag="git"):
    """A repository and the one state of it that is meant; all None means the default branch.

    `url` is what git gets, a URL or the scp form, maybe with a user, never with a password. `branch` may also
    name a tag. `subfolder` is relative to the repository's root.
    """

    url: str
    branch: str | None = None
    commit: str | None = None
    pull_request: int | None = None
    subfolder: str | None = None


class ImageSource(msgspec.Struct, frozen=True, kw_only=True, tag="image"):
    """An image as the user wrote it."""

    reference: str


Source = LocalFolder | GitSource | ImageSource


def parse(
    text: str,
    *,
    cwd: str,
    is_folder: Callable[[str], bool],
    home: str | None = None,
    children: Callable[[str], Iterable[str]] | None = None,
) -> Source:
    """Read what the user typed. `~` means `home`; `children` lists a folder, for the hint of a failure only.

    Raises BadSource, FolderGone.
    """
    _refuse_unreadable(text)
    folders = _Folders(cwd=cwd, home=home, is_folder=is_folder, children=children)
    prefix, _, rest = text.partition(":")
    if prefix == "local":
        return folders.find(rest)
    if prefix == "image":
        return ImageSource(reference=_checked_image(rest))
    if prefix == "git" and not rest.startswith("//"):
        return _prefixed_repository(rest, folders)
    if re.match(_PATH, text) or is_folder(folders.absolute(text)):
        return folders.find(text)
    return _repository(text) or _unknown(text, folders)


def canonical(source: Source) -> str:
    """The stable text of a source that the workspace id is made from: equal for all spellings of one thing.

    Host case, default ports, `.git`, slashes at the end, users of http and the scp form make no difference.
    """
    if isinstance(source, LocalFolder):
        return f"folder:{source.path}"
    if isinstance(source, ImageSource):
        return f"image:{_full_image(source.reference)}"
    address = giturl.read(source.url)
    # No branch holds a space and the folder comes last, so two sources never share a text.
    state = {"branch": source.branch, "commit": source.commit, "pull": source.pull_request}
    pins = {**state, "folder": source.subfolder}
    suffix = "".join(f" {name}={value}" for name, value in pins.items() if value is not None)
    return f"git:{address.canonical if address else source.url}{suffix}"


def default_name(source: Source) -> str:
    """A name for the workspace: 1 to 40 of [a-z0-9-], a letter or digit at both ends. Not unique."""
    if isinstance(source, LocalFolder):
        return _slug(posixpath.basename(source.path))
    if isinstance(source, ImageSource):
        return _slug(_image_path(source.reference).rpartition("/")[2])
    address = giturl.read(source.url)
    words = [posixpath.basename(address.repository if address else source.url)]
    if source.subfolder:
        words.append(posixpath.basename(source.subfolder))
    if source.pull_request:
        words.append(f"pr-{source.pull_request}")
    return _slug("-".join(words))


def display(source: Source) -> str:
    """One line for people that `parse` reads back as the same source."""
    if isinstance(source, LocalFolder):
        return source.path
    if isinstance(source, ImageSource):
        return f"image:{source.reference}"
    state = f"@{source.branch}" if source.branch else ""
    if source.commit:
        state = f"@sha256:{source.commit}"
    elif source.pull_request:
        state = f"@pull/{source.pull_request}/head"
    folder = f"@subpath:{source.subfolder}" if source.subfolder else ""
    return f"{source.url}{state}{folder}"


# ── folders ──


class _Folders(msgspec.Struct, frozen=True, kw_only=True):
    cwd: str
    home: str | None
    is_folder: Callable[[str], bool]
    children: Callable[[str], Iterable[str]] | None

    def absolute(self, text: str) -> str:
        if self.home and (text == "~" or text.startswith("~/")):
            text = self.home + text[1:]
        return "/" + posixpath.normpath(posixpath.join(self.cwd, text)).lstrip("/")

    def find(self, text: str) -> LocalFolder:
        if not text:
            raise BadSource("The name of the folder is empty.", hint="Name a folder, for example `.`.")
        path = self.absolute(text)
        if self.is_folder(path):
            return LocalFolder(path=path)
        raise FolderGone(f"There is no folder {path}.", hint=self.near(path))

    def near(self, path: str) -> str:
        parent, name = posixpath.split(path)
        while parent != "/" and not self.is_folder(parent):
            parent, name = posixpath.split(parent)
        import difflib  # for a failure only

        names = difflib.get_close_matches(name, self.children(parent), n=3) if self.children else []
        found = [path for path in (posixpath.join(parent, name) for name in names) if self.is_folder(path)]
        if found:
            return f"Check the spelling: there is {' and '.join(found)}."
        return f"Check the spelling; the nearest folder that exists is {parent}."


def _refuse_unreadable(text: str) -> None:
    if not text.strip():
        raise BadSource("The source is empty.", hint="Name a folder (`.`), a Git URL or `image:NAME`.")
    if text.startswith("-"):
        raise BadSource(f"{text!a} looks like a flag.", hint="Write `./` before a folder's name.")
    _refuse_control_characters(text)


def _refuse_control_characters(text: str) -> None:
    if re.search(_UNREADABLE, text):
        shown = ascii(without_secrets(text))
        raise BadSource(f"The source {shown} holds control characters.", hint="Type the source by hand.")


def _unknown(text: str, folders: _Folders) -> Source:
    shown = without_secrets(text)
    if re.search(r":[\w./-]+$|@sha256:", text):
        raise BadSource(
            f"{shown!r} could be an image or a repository reached by ssh.",
            hint=f"Write `image:{shown}`, or a full URL such as ssh://host/path.",
        )
    path = folders.absolute(text)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise FolderGone(f"There is no folder {path}.", hint=f"For a repository write `github.com/{text}`.")
    raise FolderGone(f"There is no folder {path}.", hint=folders.near(path))


# ── repositories ──


def _prefixed_repository(text: str, folders: _Folders) -> GitSource:
    if re.match(_PATH, text) or folders.is_folder(folders.absolute(text)):
        return _repository_folder(text, folders)
    source = _repository(text)
    if source is None:
        raise BadSource(
            f"{without_secrets(text)!r} is no address of a Git repository.",
            hint="Write it like https://host/owner/repository or git@host:owner/repository.",
        )
    return source


def _repository_folder(text: str, folders: _Folders) -> GitSource:
    if folders.is_folder(folders.absolute(text)):
        return GitSource(url="file://" + giturl.quoted(folders.absolute(text)))
    text, _, fragment = text.partition("#")
    path, suffix = pin.split(text)
    url = "file://" + giturl.quoted(folders.find(path).path)
    return _pinned(url, [pin.from_suffix(suffix), pin.from_fragment(fragment)])


def _repository(text: str) -> GitSource | None:
    text, _, fragment = text.partition("#")
    address = giturl.read(text)
    if address is None:
        return None
    path, suffix = pin.split(address.path)
    path = path.rstrip("/") or path
    address = msgspec.structs.replace(address, path=path if address.scp else giturl.quoted(path, keep="%@"))
    _refuse_control_characters(address.plain_path)
    page = _page(address)
    if page is not None:
        url = msgspec.structs.replace(address, path="/" + giturl.quoted(page.repository), query="").url
        return _pinned(url, [_shown_by(page, address), pin.from_suffix(suffix)])
    _refuse_incomplete(address)
    return _pinned(address.url, [pin.from_suffix(suffix), pin.from_fragment(fragment)])


def _page(address: Address) -> webpage.Page | None:
    if address.scheme not in ("http", "https"):
        return None
    return webpage.read(address.host.lower(), address.path)


def _shown_by(page: webpage.Page, address: Address) -> Pin:
    if page.is_file:
        raise BadSource(f"{address.shown} shows a file.", hint="Paste the link of a folder or branch.")
    return Pin(
        branch=pin.branch_name(page.branch) if page.branch else None,
        commit=page.commit,
        pull_request=page.pull_request,
        subfolder=pin.inside(page.subfolder or ""),
    )


def _refuse_incomplete(address: Address) -> None:
    path = address.plain_path.strip("/")
    if not path:
        raise BadSource(f"{address.shown} names no repository.", hint="Add the repository's path.")
    if address.query:
        raise BadSource(f"{address.shown} has a query (`?...`).", hint="Use the address that git clones.")
    if address.host.lower() in _FORGES and "/" not in path:
        raise BadSource(f"{address.shown} names an owner only.", hint="Add the repository's name.")


def _pinned(url: str, pins: list[Pin]) -> GitSource:
    return GitSource(url=url, **msgspec.structs.asdict(pin.joined(pins)))


# ── images ──

_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = (
    rf"(?:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?/)?{_NAME}(?:/{_NAME})*"
    r"(?::\w[\w.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-f]{32,128})?"
)


def _checked_image(reference: str) -> str:
    if not re.fullmatch(_IMAGE, reference, re.ASCII):
        shown = without_secrets(reference)
        raise BadSource(f"{shown!r} is no image reference.", hint="Write it like registry/name:tag.")
    return reference


def _image_path(reference: str) -> str:
    path = reference.partition("@")[0]
    return path[: path.rindex(":")] if ":" in path.rpartition("/")[2] else path


def _full_image(reference: str) -> str:
    """With the registry, `library/` and tag that Docker fills in."""
    host, slash, _ = reference.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        reference = "docker.io/" + reference if slash else "docker.io/library/" + reference
    tagged = "@" in reference or ":" in reference.rpartition("/")[2]
    return reference if tagged else reference + ":latest"


# ── names ──


def _slug(name: str) -> str:
    if not name.isascii():
        import unicodedata  # names outside ASCII only

        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return words[:40].strip("-") or "workspace"
