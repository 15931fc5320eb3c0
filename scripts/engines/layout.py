"""Where everything lives: one cache of products, one state directory, and the names on the host."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
GO_MODULE = REPOSITORY / "tests" / "engines"


@dataclass(frozen=True)
class Layout:
    """Paths and ports of one set of engines; another ``slot`` is a second set beside it."""

    cache: Path
    slot: int

    @classmethod
    def from_environment(cls) -> "Layout":
        cache = os.environ.get("MOORAGE_ENGINES") or Path.home() / ".cache" / "moorage-engines"
        return cls(cache=Path(cache).absolute(), slot=int(os.environ.get("MOORAGE_ENGINES_SLOT", "0")))

    @cached_property
    def products(self) -> Path:
        return self.cache / "products"

    @cached_property
    def downloads(self) -> Path:
        return self.cache / "downloads"

    @cached_property
    def state(self) -> Path:
        return self.cache / f"state{self.slot}"

    @cached_property
    def runtime(self) -> Path:
        """Sockets and exec roots: short paths, because a socket's path has 108 bytes at most."""
        return Path(f"/run/moorage-engines{self.slot}")

    @cached_property
    def registry_port(self) -> int:
        return 55500 + 10 * self.slot

    @cached_property
    def auth_registry_port(self) -> int:
        return self.registry_port + 1

    @cached_property
    def registry(self) -> str:
        return f"127.0.0.1:{self.registry_port}"

    @cached_property
    def auth_registry(self) -> str:
        return f"127.0.0.1:{self.auth_registry_port}"

    def subnet(self, engine: int) -> str:
        """The bridge address and size of engine 0 or 1 of this slot; its networks are 10.x.64.0/18 and up."""
        return f"10.{210 + 2 * self.slot + engine}.0.1/24"

    def pool(self, engine: int) -> str:
        return f"10.{210 + 2 * self.slot + engine}.128.0/17"

    @cached_property
    def cluster_network(self) -> str:
        """Where nodes, pods and registry of this slot's Kubernetes are."""
        return f"10.{130 + self.slot}.0.0/16"
