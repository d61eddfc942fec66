"""What happens in the runs, and at which points the daemon dies in each.

Every point of ``orchestrator.crashing`` is in at least one chain; ``tests/reliability/test_crash_points.py`` checks it.
"""

from collections.abc import Mapping

from tests.crashes.stories import daemon, tasks, upkeep, uploads, webhooks
from tests.crashes.story import Story

STORIES: Mapping[str, Story] = {
    **tasks.STORIES,
    **daemon.STORIES,
    **uploads.STORIES,
    **webhooks.STORIES,
    **upkeep.STORIES,
}
