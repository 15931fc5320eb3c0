"""moorage turns a repository with a devcontainer.json into a running workspace."""

__version__ = "0.1.0"
