"""``make demo``: from a bare Debian machine to a running workspace. An engine that is there is only used."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from scripts.engines import clients, daemons, debs, dockerd, images, provision
from scripts.engines.layout import REPOSITORY, Layout
from scripts.engines.phase import Failed, phase

EXAMPLE = Path("examples/hello")
PUBLIC_REGISTRY = ("registry-1.docker.io", 443)


def main() -> int:
    """Exit code of ``moorage up``; 1 when an engine could not be had."""
    layout = Layout.from_environment()
    try:
        if not _engine_answers():
            _install_engine(layout)
        _provide_image(layout)
    except Failed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    moorage = Path(sys.executable).with_name("moorage").relative_to(REPOSITORY)
    code = subprocess.run([str(moorage), "up", str(EXAMPLE)], cwd=REPOSITORY).returncode
    if code == 0:
        print(
            f"\nThe workspace runs. Get in:\n"
            f"  {moorage} shell {EXAMPLE}\n  {moorage} exec {EXAMPLE} -- uname -a\nDone with it:\n"
            f"  {moorage} delete {EXAMPLE}"
        )
    return code


def _engine_answers() -> bool:
    return shutil.which("docker") is not None and provision.version(None) is not None


def _install_engine(layout: Layout) -> None:
    """Debian's own engine on the usual socket, with buildx and compose: a minute."""
    if os.environ.get("DOCKER_HOST"):
        raise Failed(
            f"No engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}; unset it or start that one."
        )
    if not debs.is_debian():
        raise Failed("No container engine answers. Install Docker, or set DOCKER_HOST to one that runs.")
    with phase("installed Docker"):
        debs.install({"/usr/sbin/dockerd": "docker.io", "iptables": "iptables"})
        clients.ensure(layout)
    if not _comes_up(20 if Path("/run/systemd/system").exists() else 2):
        _start(layout)


def _comes_up(seconds: float) -> bool:
    """Whether the package's own service answers in time: it does where an init system runs."""
    limit = time.monotonic() + seconds
    while not _engine_answers():
        if time.monotonic() > limit:
            return False
        time.sleep(0.2)
    return True


def _start(layout: Layout) -> None:
    if os.geteuid() != 0:
        raise Failed("Docker is installed, but its service does not run. Start it: sudo service docker start")
    # Set beforehand: a dockerd that has to switch forwarding on also makes DROP the policy for everybody.
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    with phase("started Docker"):
        daemons.ensure(
            daemons.Daemon(
                "dockerd", layout.cache / "demo", ["/usr/sbin/dockerd", "--log-level", "warn"], {}
            ),
            lambda: dockerd.answers(provision.DEFAULT_SOCKET),
        )


def _provide_image(layout: Layout) -> None:
    """The example's image, made from Debian packages where no public registry answers."""
    text = (REPOSITORY / EXAMPLE / ".devcontainer/devcontainer.json").read_text()
    wanted = re.search(r'^\s*"image":\s*"([^"]+)"', text, re.MULTILINE)
    for image in images.EVERYDAY:
        if wanted and wanted[1] in (image.name, *image.aliases) and not _public_registry_answers():
            images.ensure(layout, None, (image,), shared=False)


def _public_registry_answers() -> bool:
    try:
        socket.create_connection(PUBLIC_REGISTRY, timeout=5).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
