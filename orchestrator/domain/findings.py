"""What a check-up has found: each finding says in a sentence what is wrong, and in another what mends it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. ``part``: store, outbox, jobs or files."""

    part: str
    what: str
    mend: str
    fixable: bool = False
    """Whether a check-up that may mend does so itself."""
    mended: bool = False
    task: int | None = None
    """The task that it is about, if it is about one."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """All findings, and ``notes`` on what was not looked at."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nothing is wrong any more."""
        return all(finding.mended for finding in self.findings)
