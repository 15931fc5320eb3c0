"""The names and labels by which a workspace is found again; all derive from its id (design section 1)."""

from __future__ import annotations

from hashlib import sha256

ID = "dev.moorage.id"
NAME = "dev.moorage.name"
SOURCE = "dev.moorage.source"
OWNER = "dev.moorage.owner"
CONFIG = "dev.moorage.config"
COMMIT = "dev.moorage.commit"
FOLDER = "dev.moorage.folder"
"""Where commands run inside."""
TOP = "dev.moorage.top"
"""The folder inside that the configuration's path is relative to."""
SPEC = "dev.moorage.spec"
IMAGE_INPUTS = "dev.moorage.image-inputs"
IMAGE_KEY = "dev.moorage.image-key"
OWN_METADATA = "dev.moorage.own-metadata"
"""How many of an image's last metadata entries are those of the devcontainer.json it was built for."""
ID_LABELS = "dev.moorage.id-labels"
"""Names of the labels that the workspace is known by, where a caller chose them."""
ROLE = "dev.moorage.role"
RECORD = "dev.moorage.record"
TEMPLATE = "dev.moorage.template"
"""What a workspace remembers of the template that it was made from (`spec.template`)."""
PROJECT = "dev.moorage.project"
"""On what marks a workspace that is a Compose project: its name."""

METADATA = "devcontainer.metadata"
LOCAL_FOLDER = "devcontainer.local_folder"
CONFIG_FILE = "devcontainer.config_file"


def workspace_id(owner: str, source: str, config: str, name: str) -> str:
    """The identity of a workspace: 16 hexadecimal digits over all that tells it from others."""
    text = "\0".join((owner, source, config, name))
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def container_name(name: str, workspace: str) -> str:
    """The container's fixed name: readable first, unique by the id. A conflict on create is the lock."""
    return f"moorage-{name}-{workspace[:10]}"


def volume_name(name: str, workspace: str) -> str:
    """The volume that a Git source is cloned into."""
    return f"moorage-{name}-{workspace[:10]}"


def helper_name(name: str, workspace: str) -> str:
    """The container that clones; its name keeps two clones of one workspace apart in time."""
    return f"moorage-{name}-{workspace[:10]}-clone"
