"""``make demo-kubernetes``: from a bare Debian machine to a workspace in a cluster, ours or a given one."""

import os
import subprocess
import sys
from pathlib import Path

from scripts.cluster import provision
from scripts.cluster.place import Place
from scripts.demo import EXAMPLE
from scripts.engines.layout import REPOSITORY, Layout
from scripts.engines.phase import Failed

DRIVER = ("--driver", "kubernetes")


def main() -> int:
    """Exit code of ``moorage up``; 1 when a cluster could not be had."""
    moorage = Path(sys.executable).with_name("moorage").relative_to(REPOSITORY)
    try:
        settings = _settings(Layout.from_environment())
    except Failed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    command = [str(moorage), "up", *DRIVER, str(EXAMPLE)]
    code = subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **settings}).returncode
    if code == 0:
        _tell(moorage, settings)
    return code


def _settings(layout: Layout) -> dict[str, str]:
    """Nothing where a cluster is given; else our own, and what stands for public registries beside it."""
    place, given = Place(layout), os.environ.get("KUBECONFIG")
    if given and Path(given) != place.kubeconfig:
        return {}
    found = provision.cluster(layout)
    if not found.ours:
        return {"KUBECONFIG": found.kubeconfig}
    config = place.folder / "demo.toml"
    config.write_text(
        f'[registries]\ninsecure = ["{found.registry}"]\n'
        f'[registries.mirrors]\n"docker.io" = ["http://{found.registry}"]\n'
    )
    return {"KUBECONFIG": found.kubeconfig, "MOORAGE_CONFIG": str(config)}


def _tell(moorage: Path, settings: dict[str, str]) -> None:
    spelled = " ".join(DRIVER)
    print("\nThe workspace runs in the cluster. Get in:")
    for name, value in settings.items():
        print(f"  export {name}={value}")
    print(
        f"  {moorage} shell {spelled} {EXAMPLE}\n"
        f"  {moorage} exec {spelled} {EXAMPLE} -- uname -a\n"
        f"Done with it:\n  {moorage} delete {spelled} {EXAMPLE}"
    )
    if "MOORAGE_CONFIG" in settings:
        print("And with the cluster:\n  make cluster-down")


if __name__ == "__main__":
    sys.exit(main())
