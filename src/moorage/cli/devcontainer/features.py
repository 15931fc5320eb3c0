"""`devcontainer features`."""

from __future__ import annotations

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.authoring import Reference, retold
from moorage.cli.features import features_group

command = features_group(Reference())
retold(
    command.commands["resolve-dependencies"],
    f.choice(
        "log-level", "How much is told on standard error.", ("error", "info", "debug", "trace"), "error"
    ),
)
