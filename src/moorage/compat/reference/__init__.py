"""The Dev Containers reference CLI (npm: @devcontainers/cli): its results, labels and notes in containers."""

VERSION = "0.88.0"
"""The version whose interface this is; `--version` prints it, because tools compare it."""
