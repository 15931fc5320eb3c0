"""``python3 -m scripts.engines up|down|env|status``: see docs in CONTRIBUTING.md."""

import sys

from .commands import main

sys.exit(main(sys.argv[1:]))
