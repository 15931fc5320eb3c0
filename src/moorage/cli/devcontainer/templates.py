"""`devcontainer templates`."""

from __future__ import annotations

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.authoring import Reference, retold
from moorage.cli.templates import templates_group

command = templates_group(Reference())
retold(command.commands["apply"], f.text("tmp-dir", "Accepted; the cache is used."))
