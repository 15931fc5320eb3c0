"""The suites that were written for Docker, on Podman as root: too long for CI.

Left out is what asserts Docker's own words or its client's builder (buildx).
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts.engines.layout import REPOSITORY
from scripts.engines.provision import Podman

DIFFERENT = {
    "integration/engine/test_objects.py": ("test_life_of_a_container", "test_files_in_and_out"),
    "integration/engine/test_execution.py": ("test_a_missing_program_says_so",),  # who says so differs
    "integration/drivers/test_docker_driver.py": (
        "test_facts",
        "test_all_the_settings",
        "test_what_is_missing_is_named",
    ),
    "integration/lifecycle": (),
    "integration/workspace/test_up.py": (),
    "integration/cli/test_execute.py": (),
    "integration/cli/test_forward.py": (),
    "integration/cli/test_state.py": (),
    "integration/must_hold/test_user_ids.py": ("test_image_without_a_shell",),
    "faults/test_killed.py": (),
}


@pytest.mark.full
@pytest.mark.podman
@pytest.mark.timeout(900)
@pytest.mark.parametrize("suite", DIFFERENT)
def test_the_suite_passes_on_podman(suite: str, podman: Podman) -> None:
    left_out = " or ".join((*DIFFERENT[suite], "old_engine"))
    command = [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-k", f"not ({left_out})", str(REPOSITORY / "tests" / suite)],
        cwd=REPOSITORY, env={**os.environ, "DOCKER_HOST": podman.host}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-40:])
