"""The Dev Containers specification as pure functions: what a devcontainer.json says and what follows from it.

discovery → jsonc → configuration (with variables) → metadata → lifecycle, mounts, users, host_requirements.
Import the modules themselves; nothing is loaded here, so that each command pays only for what it uses.
"""
