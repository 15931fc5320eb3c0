"""The images of tests and demo under their public names: local stand-ins where no registry answers."""

import json
import tempfile
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import registry, rootfs
from .layout import Layout
from .phase import phase, run, succeeds

SEARCH_PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PRIVATE = "moorage-test/private:latest"


@dataclass(frozen=True)
class Image:
    """A root file system with ``lines`` of a Dockerfile on top, or a Dockerfile of ``lines`` alone."""

    name: str
    lines: tuple[str, ...]
    files: Callable[[Layout], Path] | None = None
    aliases: tuple[str, ...] = ()


SLIM = Image(
    name="debian:bookworm-slim",
    files=rootfs.slim,
    lines=(SEARCH_PATH, 'CMD ["bash"]'),
    aliases=("debian:bookworm",),
)
BUSYBOX = Image(name="busybox:latest", files=rootfs.busybox, lines=(SEARCH_PATH, 'CMD ["sh"]'))
GIT = Image(
    name="alpine/git:latest",
    lines=("FROM moorage-test/base:latest", "WORKDIR /git", 'ENTRYPOINT ["git"]', 'CMD ["--help"]'),
)
EVERYDAY = (
    SLIM,
    BUSYBOX,
    Image(name="moorage-test/static:latest", files=rootfs.static, lines=('CMD ["/sleep", "infinity"]',)),
    Image(name="moorage-test/base:latest", files=rootfs.full, lines=(SEARCH_PATH, 'CMD ["bash"]')),
    GIT,
    Image(
        name="python:3.11-slim-bookworm",
        lines=(
            "FROM moorage-test/base:latest",
            "ENV PYTHON_VERSION=3.11.2",
            "RUN ln -s /usr/bin/python3 /usr/local/bin/python",
            'CMD ["python3"]',
        ),
        aliases=("python:3.11-slim",),
    ),
    Image(
        name="moorage-test/devcontainer:latest",
        lines=(
            "FROM moorage-test/base:latest",
            "RUN groupadd -g 1000 vscode && useradd -u 1000 -g 1000 --create-home --shell /bin/bash vscode",
        ),
    ),
    Image(
        name="moorage-test/metadata:latest",
        lines=(
            "FROM moorage-test/devcontainer:latest",
            """LABEL devcontainer.metadata='[{"remoteUser":"vscode"}]'""",
        ),
    ),
)
FRONTEND = Image(
    name="docker/dockerfile:1",
    files=rootfs.frontend,
    lines=(
        'LABEL moby.buildkit.frontend.network.none="true"',
        "LABEL moby.buildkit.frontend.caps="
        '"moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts"',
        'ENTRYPOINT ["/bin/dockerfile-frontend"]',
    ),
)


def ensure(
    layout: Layout,
    host: str | None,
    images: tuple[Image, ...] = EVERYDAY,
    *,
    public: bool = False,
    shared: bool = True,
) -> None:
    """Make ``images`` present in the engine on ``host`` (None: wherever the client points).

    Taken from the public registry if ``public`` and it answers, then from ours if ``shared``; else made here,
    and pushed to ours.
    """
    names = [name for image in images for name in (image.name, *image.aliases)]
    if _present(host, *names):
        return
    for image in images:
        missing = [name for name in (image.name, *image.aliases) if not _present(host, name)]
        if missing:
            with phase(f"made {', '.join(missing)} present"):
                _provide(layout, host, image, missing, public=public, shared=shared)


def imported(host: str | None, name: str, files: Path) -> str:
    """The image ``name`` with these files, only in this engine."""
    if not _present(host, name):
        _docker(host, "import", str(files), name)
    return name


def publish_private(layout: Layout, host: str | None) -> None:
    """Push one image to the registry that wants a login, for tests of logging in."""
    target = f"{layout.auth_registry}/{PRIVATE}"
    with tempfile.TemporaryDirectory() as config:
        secret = b64encode(f"{registry.USER}:{registry.PASSWORD}".encode()).decode()
        settings = {"auths": {layout.auth_registry: {"auth": secret}}}
        (Path(config) / "config.json").write_text(json.dumps(settings))
        _docker(host, "tag", BUSYBOX.name, target)
        _docker(host, "push", "--quiet", target, env={"DOCKER_CONFIG": config})
        _docker(host, "rmi", target)


def _provide(
    layout: Layout, host: str | None, image: Image, missing: Sequence[str], *, public: bool, shared: bool
) -> None:
    left = [name for name in missing if not (public and _pulled(host, name))]
    if image.name in left and not (shared and _taken_from_ours(layout, host, image)):
        _make(layout, host, image)
        if shared:
            _push(layout, host, image)
    for alias in left:
        if alias != image.name:
            _docker(host, "tag", image.name, alias)


def _pulled(host: str | None, name: str) -> bool:
    return succeeds(_command(host, "pull", "--quiet", name), timeout=180)


def _taken_from_ours(layout: Layout, host: str | None, image: Image) -> bool:
    held = _held(layout, image.name)
    if not _pulled(host, held):
        return False
    _docker(host, "tag", held, image.name)
    _docker(host, "rmi", held)
    return True


def _make(layout: Layout, host: str | None, image: Image) -> None:
    if image.files is not None:
        changes = [word for line in image.lines for word in ("--change", line)]
        _docker(host, "import", *changes, str(image.files(layout)), image.name)
        return
    with tempfile.TemporaryDirectory() as context:
        (Path(context) / "Dockerfile").write_text("\n".join(image.lines) + "\n")
        _docker(
            host,
            "build",
            "--quiet",
            "--tag",
            image.name,
            context,
            env={"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
        )


def _push(layout: Layout, host: str | None, image: Image) -> None:
    for name in (image.name, *image.aliases):
        held = _held(layout, name)
        _docker(host, "tag", image.name, held)
        pushed = succeeds(_command(host, "push", "--quiet", held), timeout=180)
        _docker(host, "rmi", held)
        if not pushed:  # A remote engine does not reach our registry: the image is there, and that is enough.
            return


def _held(layout: Layout, name: str) -> str:
    """The name of Docker Hub's ``name`` in our registry, as a mirror is asked for it."""
    return f"{layout.registry}/{name}" if "/" in name else f"{layout.registry}/library/{name}"


def _present(host: str | None, *names: str) -> bool:
    return succeeds(_command(host, "image", "inspect", *names))


def _docker(host: str | None, *arguments: str, env: dict[str, str] | None = None) -> str:
    return run(_command(host, *arguments), env=env)


def _command(host: str | None, *arguments: str) -> list[str]:
    return ["docker", *(["--host", host] if host else []), *arguments]
