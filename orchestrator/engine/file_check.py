"""Files against rows: folders of tasks that are no more, results that are missing, and what earlier work left."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from orchestrator.domain.errors import FileError
from orchestrator.domain.findings import Finding
from orchestrator.domain.task import Stage, Status, Task
from orchestrator.engine.ports.checkup import ShelfInspection, StoreInspection

PAGE = 1000


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Looks, and tidies up what surely belongs to nobody."""

    store: StoreInspection
    shelves: ShelfInspection

    async def run(self, *, fix: bool) -> list[Finding]:
        """Give the findings. Raises ``StoreError``, ``StorageFailed``."""
        # Folders first: a task's row is written before its folder is made, and deleted after it.
        folders = set(await self.shelves.folders())
        findings: list[Finding] = []
        async for page in self._pages():
            folders -= {str(task.id) for task in page}
            findings += await self._of_tasks([task for task in page if task.stage is Stage.ENDED], fix=fix)
        folders &= set(await self.shelves.folders())
        for name in sorted(folders, key=lambda name: (len(name), name)):
            findings.append(await self._of_nobody(name, fix=fix))
        return findings

    async def _pages(self) -> AsyncIterator[tuple[Task, ...]]:
        last = 0
        while page := await self.store.every_task(after=last, limit=PAGE):
            yield page
            last = page[-1].id

    async def _of_tasks(self, tasks: list[Task], *, fix: bool) -> list[Finding]:
        findings: list[Finding] = []
        for task, names in (await self.shelves.leftovers([task.id for task in tasks])).items():
            finding = Finding(
                part="files", task=task, fixable=True,
                what=f"Earlier work on task {task} left {', '.join(names)} in its folder.",
                mend="doctor --fix deletes it; results that were being put in their place are put there.",
            )  # fmt: skip
            if fix:
                finding = await self._tidied(finding, task)
            findings.append(finding)
        completed = [task for task in tasks if task.status is Status.COMPLETED]
        for task, names in (await self.shelves.missing(completed)).items():
            findings.append(_incomplete(task, names))
        return findings

    async def _tidied(self, finding: Finding, task: int) -> Finding:
        try:
            await self.shelves.tidy(task)
        except FileError as error:
            return replace(finding, mend=str(error))
        return replace(finding, mended=True)

    async def _of_nobody(self, name: str, *, fix: bool) -> Finding:
        if not name.isdecimal() or str(int(name)) != name:
            return Finding(
                part="files",
                what=f"{name!r} lies among the folders of tasks, and is none.",
                mend="Look at it, and move it away.",
            )
        finding = Finding(
            part="files", task=int(name), fixable=True,
            what=f"There is a folder of task {name}, but no such task.",
            mend="doctor --fix deletes it, or sets it aside if it has results or images. "
            "If the store was lost, adopt first.",
        )  # fmt: skip
        if not fix:
            return finding
        try:
            await self.shelves.put_away(int(name))
        except FileError as error:
            return replace(finding, mend=str(error))
        return replace(finding, mended=True)


def _incomplete(task: int, names: tuple[str, ...]) -> Finding:
    return Finding(
        part="files", task=task,
        what=f"Task {task} is COMPLETED, but {', '.join(names)} {'is' if len(names) == 1 else 'are'} not there.",
        mend=f"Put its files back from a copy, or have it run again: orchestrator task restart {task}.",
    )  # fmt: skip
