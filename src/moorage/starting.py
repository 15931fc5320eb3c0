"""What a start does not load: parts of libraries that most commands never reach.

Both ways are in the language reference (5.3, the import system): None in sys.modules makes an import fail,
which both libraries expect and go on without; a finder in sys.meta_path is asked before all others.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from importlib.abc import Loader  # loading it would cost more than is saved here

_SSL = "ssl"


def load_libraries() -> None:
    """Load msgspec without typing_extensions and asyncio without TLS: a tenth of an unchanged `up`."""
    _load_without("msgspec", "typing_extensions")
    if _SSL not in sys.modules:
        _load_without("asyncio", _SSL)
        sys.meta_path.insert(0, _Tls())


def _load_without(library: str, part: str) -> None:
    if part in sys.modules or library in sys.modules:
        return
    sys.modules[part] = None  # type: ignore[assignment]  # what the reference says
    try:
        importlib.import_module(library)
    finally:
        del sys.modules[part]


class _Tls:
    """Finds `ssl` for whoever imports it first, and hands it to asyncio, which was loaded without."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _SSL:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = cast("Loader", _HandingOver(spec.loader))
        return spec


class _HandingOver:
    """The loader that was found, and what follows when it is through."""

    def __init__(self, found: Loader) -> None:
        self._found = found

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._found.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._found.exec_module(module)
        _hand_over(module)


def _hand_over(ssl: ModuleType) -> None:
    """Each module of asyncio keeps `ssl` or None under that name; sslproto takes more of it when loaded."""
    for name, module in list(sys.modules.items()):
        if name.startswith("asyncio.") and getattr(module, _SSL, module) is None:
            module.__dict__[_SSL] = ssl
    importlib.reload(sys.modules["asyncio.sslproto"])
