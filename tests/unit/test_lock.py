"""The lock holds all that an installation asks for by name."""

from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[2] / "requirements-dev.txt"


def test_extras_that_packages_ask_for_are_locked_with_them():
    """Else pip before 23.3 takes the newest release for them instead of the locked one, and refuses it as unpinned."""
    lines = [line for line in LOCK.read_text().splitlines() if line[:1].isalnum()]
    locked = [Requirement(line.partition(";")[0].rstrip(" \\")) for line in lines]
    extras = {canonicalize_name(each.name): each.extras for each in locked}
    wanted = [
        Requirement(text)
        for each in distributions()
        if canonicalize_name(each.name) in extras
        for text in each.requires or ()
    ]
    missing = {
        str(each)
        for each in wanted
        if each.extras
        and (each.marker is None or each.marker.evaluate({"extra": ""}))
        and not each.extras <= extras[canonicalize_name(each.name)]
    }
    assert set() == missing
