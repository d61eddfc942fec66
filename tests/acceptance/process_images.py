"""How to process images, step by step, in the manner of WebODM's published recipe: with ``requests`` and nothing else.

Usage: process_images.py http://host:port username password photo photo…
"""

import sys
import time
from pathlib import Path

import requests

RUNNING_AND_QUEUED = {None, 10, 20}
COMPLETED = 40
TIMEOUT = 60


def sign_in(host: str, username: str, password: str) -> dict[str, str]:
    """Give the headers of someone who has signed in."""
    answer = requests.post(
        f"{host}/api/token-auth/", data={"username": username, "password": password}, timeout=TIMEOUT
    ).json()
    return {"Authorization": f"JWT {answer['token']}"}


def process(host: str, photos: list[str], headers: dict[str, str]) -> int:
    """Create a project and a task, wait for it, and download the orthophoto; gives the exit code."""
    project = requests.post(
        f"{host}/api/projects/", headers=headers, data={"name": "Hello WebODM!"}, timeout=TIMEOUT
    ).json()
    images = [("images", (Path(photo).name, Path(photo).read_bytes(), "image/jpg")) for photo in photos]
    tasks = f"{host}/api/projects/{project['id']}/tasks/"
    task = requests.post(
        tasks, headers=headers, files=images, data={"options": '[{"name": "orthophoto-resolution", "value": 24}]'},
        timeout=TIMEOUT,
    ).json()  # fmt: skip
    status: int | None = None
    while status in RUNNING_AND_QUEUED:
        time.sleep(0.2)
        status = requests.get(f"{tasks}{task['id']}/", headers=headers, timeout=TIMEOUT).json()["status"]
    if status != COMPLETED:
        print(f"Task ended with status {status}")
        return 1
    print("Task has completed!")
    answer = requests.get(f"{tasks}{task['id']}/download/orthophoto.tif", headers=headers, stream=True, timeout=TIMEOUT)
    with Path("orthophoto.tif").open("wb") as file:
        file.writelines(answer.iter_content(chunk_size=1024))
    print(f"Saved ./orthophoto.tif ({answer.headers['Content-Length']} bytes)")
    return 0


if __name__ == "__main__":
    host, username, password, *photos = sys.argv[1:]
    sys.exit(process(host, photos, sign_in(host, username, password)))
