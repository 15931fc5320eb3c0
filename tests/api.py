"""The engine's API, bare: hundreds of looks at end states would mostly wait for the command-line client."""

from __future__ import annotations

import io
import json
import socket
import tarfile
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode


class Api:
    """One request a call, on the socket of a DOCKER_HOST."""

    def __init__(self, host: str) -> None:
        self._socket = host.removeprefix("unix://")

    def all(self, what: str, label: str) -> list[dict[str, Any]]:
        """All "containers/json", "images/json", "networks" or "volumes" that have this label."""
        found = json.loads(self.call("GET", what, all=1, filters=json.dumps({"label": [label]})))
        return list(found["Volumes"] or [] if what == "volumes" else found)

    def get(self, what: str, **filters: list[str]) -> Any:
        """All "containers/json", "images/json", "networks" or "volumes", with names and labels."""
        for _ in range(20):
            found = json.loads(self.call("GET", what, all=1, filters=json.dumps(filters)))
            if "cause" not in found:  # Podman lists nothing while one of them is being removed
                return found
        raise AssertionError(found)

    def is_podman(self) -> bool:
        components = json.loads(self.call("GET", "version")).get("Components") or []
        return any("Podman" in each["Name"] for each in components)

    def file(self, container: str, path: str) -> str:
        """A file's text, "" where there is none."""
        data = self.archive(container, path)
        if data.startswith(b'{"message"'):
            return ""
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            return member.read().decode() if member else ""

    def archive(self, container: str, path: str) -> bytes:
        """A tar archive of a file or folder, also where nothing can be run inside."""
        return self.call("GET", f"containers/{container}/archive", path=path)

    def processes(self, container: str) -> list[str]:
        """The command lines in a container."""
        found = json.loads(self.call("GET", f"containers/{container}/top", ps_args="-o pid,args"))
        rows = found.get("Processes") or []
        return [row[1] if len(row) > 1 else row[0].split(None, 1)[1] for row in rows]  # Podman has one column

    def remove(self, container: str) -> None:
        self.call("DELETE", f"containers/{container}", force=1, v=1)

    def call(self, method: str, where: str, /, **query: object) -> bytes:
        connection = _Unix(self._socket)
        try:
            connection.request(method, f"/{where}?{urlencode(query)}")
            return connection.getresponse().read()
        finally:
            connection.close()


class _Unix(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
