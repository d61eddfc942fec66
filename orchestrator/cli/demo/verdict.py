"""The verdict: whether everything came out as the demo promises."""

from collections.abc import Iterator
from pathlib import Path

from orchestrator.cli.demo.follower import Follower
from orchestrator.cli.demo.reading import Json, state_of
from orchestrator.cli.demo.story import WORDS_OF_FAILURE, Story

ORTHOPHOTO = Path("odm_orthophoto/odm_orthophoto.tif")
ENDS = {
    "Quarry": "FAILED",
    "Dam": "COMPLETED",
    "Vineyard": "COMPLETED",
    "Barley": "COMPLETED",
    "Orchard": "COMPLETED",
    "Harbour": "removed",
}


def assets_of(root: Path, task: Json) -> Path:
    """Give the folder in which a task's assets lie."""
    return root / "tasks" / str(task["id"]) / "assets"


def shortcomings(story: Story, follower: Follower, root: Path) -> list[str]:
    """Give a sentence for each thing that came out otherwise than promised."""
    return [*_ends(story), *_paths_taken(story), *_assets(follower, root), *_gaps(follower)]


def _ends(story: Story) -> Iterator[str]:
    for name, wanted in ENDS.items():
        task = story.task(name)
        came = state_of(task) if task else "never created"
        if came != wanted:
            yield f"{name} is {came}, not {wanted}: {task.get('reason', 'no event told of it')}."


def _paths_taken(story: Story) -> Iterator[str]:
    quarry, vineyard, orchard = (story.task(name) for name in ("Quarry", "Vineyard", "Orchard"))
    if quarry.get("last_error") != WORDS_OF_FAILURE:
        yield f"Quarry's error is not what the node said, but: {quarry.get('last_error')}."
    if vineyard.get("attempt", 0) < 2:  # noqa: PLR2004 - the second attempt
        yield "Vineyard was not restarted."
    if orchard.get("processing_node_name") == story.lost_node:
        yield f"Orchard did not leave {story.lost_node}."


def _assets(follower: Follower, root: Path) -> Iterator[str]:
    for task in follower.tasks.values():
        folder = assets_of(root, task)
        if state_of(task) == "COMPLETED":
            missing = [path for path in (Path("all.zip"), ORTHOPHOTO) if not (folder / path).is_file()]
            yield from (f"{task['name']} is COMPLETED, but {folder / path} is not there." for path in missing)
        elif folder.exists():
            yield f"{task['name']} is {state_of(task)}, but {folder} is there."


def _gaps(follower: Follower) -> Iterator[str]:
    yield from (f"The events have a gap. {gap}." for gap in follower.gaps)
