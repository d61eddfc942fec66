"""What a check-up found, as the world sees it: JSON-ready."""

from orchestrator.contract.views import View
from orchestrator.domain.findings import Checkup


def public_checkup(checkup: Checkup) -> View:
    """Show all findings; ``well`` is whether nothing is wrong any more."""
    findings = [
        {
            "part": finding.part,
            "task": finding.task,
            "what": finding.what,
            "mend": finding.mend,
            "fixable": finding.fixable,
            "mended": finding.mended,
        }
        for finding in checkup.findings
    ]
    return {"well": checkup.well, "findings": findings, "notes": list(checkup.notes)}
