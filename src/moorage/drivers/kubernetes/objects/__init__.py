"""A workspace's objects, one kind a file. Pure: plain data in, plain data out."""
