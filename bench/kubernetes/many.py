"""``python -m bench.kubernetes.many NAMESPACE SIZE FOLDER…``: workspaces at once, by the Python API."""

import asyncio
import sys

import moorage


async def main(namespace: str, size: str, folders: list[str]) -> None:
    """Raises the first error."""
    options = {"namespace": namespace, "persistentVolumeSize": size}
    async with moorage.session(driver="kubernetes", options=options) as session, asyncio.TaskGroup() as group:
        for folder in folders:
            group.create_task(session.up(folder))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
