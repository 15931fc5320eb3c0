"""RUN: a program of the image, as its user, with the mounts that it asks for and nothing of the builder."""
