"""The storm can fail: bugs that are planted in the daemon are found."""

import pytest

from tests.storm.plants import PLANTS, planted
from tests.storm.run import storm

FINDERS = {
    "acknowledge before commit": (1,),
    "ignore the fencing number": (24, 391, 415),
    "retry an upload under the same uuid after an ambiguous answer": (3, 4, 6),
    "drop the pending action on node loss": (169, 198),
}
"""Seeds that are known to find it; should none of them do so any more, all of the first thousand are tried."""

MOST = 1000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_found(plant):
    with planted(plant):
        assert any(storm(seed).violations for seed in (*FINDERS[plant], *range(1, MOST + 1)))


@pytest.mark.parametrize("plant", PLANTS)
def test_what_finds_a_planted_bug_finds_nothing_without_it(plant):
    assert [] == [each for seed in FINDERS[plant] for each in storm(seed).violations]
