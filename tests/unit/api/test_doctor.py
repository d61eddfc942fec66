"""The doctor over the control socket: what it found, and that it mends only when it is told to."""

import pytest
from aiohttp.test_utils import make_mocked_request

from orchestrator.api.doctor import DoctorWindow
from orchestrator.api.problems import Refusal
from orchestrator.domain.findings import Finding

LEFT = Finding(part="files", what="Something was left.", mend="doctor --fix deletes it.", fixable=True, task=7)


async def test_what_is_wrong_is_shown_and_nothing_is_mended(window, rooms):
    rooms.doctor.findings, rooms.doctor.notes = [LEFT], ("The nodes slept.",)
    shown = {
        "part": "files", "task": 7, "what": "Something was left.", "mend": "doctor --fix deletes it.", "fixable": True,
        "mended": False,
    }  # fmt: skip
    expected = {"well": False, "findings": [shown], "notes": ["The nodes slept."]}
    assert (200, expected) == await window.get("/doctor")


async def test_what_can_be_mended_is_mended_when_that_is_asked_for(window, rooms):
    rooms.doctor.findings = [LEFT]
    status, found = await window.post("/doctor", b"{}")
    assert (200, True, [True]) == (status, found["well"], [it["mended"] for it in found["findings"]])


async def test_a_check_up_that_takes_too_long_is_given_up(rooms):
    rooms.doctor.hangs = True
    with pytest.raises(Refusal) as caught:
        await DoctorWindow(rooms.doctor, deadline=0.05).look(make_mocked_request("GET", "/doctor"))
    assert ("unavailable", "The check-up was not done within 0.05 s.") == (
        caught.value.problem.type, caught.value.problem.detail,
    )  # fmt: skip
