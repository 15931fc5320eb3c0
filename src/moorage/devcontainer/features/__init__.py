"""Features of the specification as pure functions: what is named, in which order, with which options.

- `reference`: `parse` a reference as written → OCI, local, tarball or GitHub; `declared` merges and maps them
- `feature`: `load` a devcontainer-feature.json; `entry` is what the metadata label keeps of it
- `found`: `FoundFeature`, one reference that was looked up
- `order`: `order` → the installs in their order, or which references still have to be looked up
- `options`: `canonical` options of an install, and the environment that its script gets
- `check`: errors and remarks about the Features of a devcontainer.json, with their place in the file
- `lockfile`, `outdated`, `upgrade`: what is pinned, what is newer, and how to move there
- `comparison`, `collation`, `versions`: when two installs are the same, and how texts and versions are sorted

Import the modules themselves; nothing is loaded here.
"""
