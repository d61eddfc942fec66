"""PyODM as its users call it, in a process of its own: sends every image of a folder, then says so."""

import sys
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from pyodm import Node


def main(url: str, folder: str) -> None:
    """Send with PyODM's defaults: ten files at once."""
    address = urlsplit(url)
    node = Node(address.hostname, address.port)
    paths = sorted(str(path) for path in Path(folder).iterdir())
    node.create_task(paths, {}, name="peer", task_uuid=str(uuid4()))
    print("sent", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
