"""What runs inside the workspace, from the tree at `/.moorage`: the second composition root.

`__main__` is `moorage-inside`. Nothing here may need a file of the image that it is in.
"""
