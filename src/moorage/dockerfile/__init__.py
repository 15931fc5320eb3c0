"""Reads Dockerfiles: what they build from, the stages a target needs, the files of the context it reads."""
