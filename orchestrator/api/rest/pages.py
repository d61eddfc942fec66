"""The shape of a page, as Django REST framework has it."""

from typing import Generic, TypeVar

from orchestrator.contract.view_models import View

Shown = TypeVar("Shown")


class Page(View, Generic[Shown]):
    """One page of a list."""

    count: int
    """Entries on all pages."""
    next: str | None
    """Address of the page after this one."""
    previous: str | None
    results: list[Shown]
