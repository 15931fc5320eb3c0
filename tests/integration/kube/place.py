"""What the tests of this room share besides fixtures."""

import os

ENVIRON = dict(os.environ)
CONTAINER = "devcontainer"
