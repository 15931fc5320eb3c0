"""The tree that is put into any image: an interpreter with its own loader, code for the inside, and git.

Assembled from Debian packages and wheels that `lock.json` pins; `moorage.runtime.build` is the entry.
"""
