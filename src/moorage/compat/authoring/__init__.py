"""For authors of Features and Templates: pack, publish, describe, document, apply, test.

- `collection` reads the folders; `packing` makes reproducible archives of them
- `publishing` puts them into a registry; `information` tells what is there
- `dependencies` resolves Features as `up` would, and draws them
- `documents` writes a README from the metadata
- `template`, `applying` bring a Template into a folder
- `trials`, `harness` are the tests of a collection and what runs them
"""
