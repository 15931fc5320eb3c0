"""Where the runner inside a container keeps its journal, and how its files become a `Journal`."""

from __future__ import annotations

FOLDER = "/var/lib/moorage"
