"""Import: finished results are taken over from an upload or an address; once they are verified, a task is COMPLETED."""

from orchestrator.domain import facts
from orchestrator.domain.errors import FileError, ResultsCorrupt, SourceFailed, SourceHindered, StoreError
from orchestrator.domain.facts import Fact
from orchestrator.domain.task import IMPORTED_FILE, Task
from orchestrator.engine.workshop import Workshop

HINDRANCES = 10
"""Tries in a row to fetch an archive, after which it is given up."""


class Importing:
    """The step of stage ``collecting`` for a task that was never on a node."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def __call__(self, task: Task) -> Fact:
        """Bring the archive and verify it, and say ``ResultsCollected``; or what came between."""
        try:
            await self._bring(task)
            collected = await self._shop.shelves.accept(task)
        except ResultsCorrupt:
            return facts.SourcesFailed("Invalid zip file")
        except SourceFailed as error:
            return facts.SourcesFailed(str(error))
        except SourceHindered as error:
            if task.failures >= HINDRANCES:
                return facts.SourcesFailed(f"{error} ({task.failures + 1} times)")
            return self._shop.later(task, str(error))
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))
        return facts.ResultsCollected(
            available_assets=collected.available_assets, size=collected.size, photos=collected.photos
        )

    async def _bring(self, task: Task) -> None:
        if task.import_url != IMPORTED_FILE:
            await self._shop.images.fetch_archive(task.import_url, self._shop.shelves.download_path(task))
        elif not await self._shop.shelves.restore_archive(task):
            raise SourceFailed("The archive is not here any more; import it again.")
