"""``python3 -m scripts.cluster up|down|env|node``: see docs in CONTRIBUTING.md."""

import sys

from .commands import main

sys.exit(main(sys.argv[1:]))
