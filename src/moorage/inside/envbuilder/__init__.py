"""A workspace that builds itself: the variables `ENVBUILDER_*` of the Coder template, and what they ask for.

It is below `inside` and not in `compat`, because it runs from the tree: what goes into that is found by the
imports of `moorage.inside` (`runtime/closure.py`).
"""
