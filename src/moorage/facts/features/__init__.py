"""Looks Features up where they are: registries, addresses, folders. `finder.Finder` is the face."""
