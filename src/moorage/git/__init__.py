"""Git, through its command line and with the user's own settings, but never at a prompt.

`worktree` is what a warm start needs and starts no process; `client` asks a remote; `cache` and `materialise`
read a repository before it is cloned; `access` and `clone` prepare the program that clones into a volume.
"""
