"""Builds a Dockerfile without an engine, a daemon or a privilege, in the container's own file system.

`build` is the entry; `order` what it is given.
"""
