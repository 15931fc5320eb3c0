"""What a program of the image finds of its builder in /proc."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import ctypes, os
from moorage.inside.executor.unseen import hide
print(b"swordfish" in open("/proc/self/environ", "rb").read())
hide()
print(b"swordfish" in open("/proc/self/environ", "rb").read())
print(os.environ["TOKEN"], ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
print(getenv(b"TOKEN").decode())
"""


def test_the_environment_is_wiped_and_memory_is_closed() -> None:
    environment = {**os.environ, "TOKEN": "swordfish"}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["True", "False", "swordfish 0", "swordfish"], done.stderr
