"""Cancellation beside aiormq, which cancels on its own account and turns other people's into errors of its own."""

import asyncio


def honour_cancellation() -> None:
    """Go on with a cancellation if somebody asked this task for one.

    aiormq cancels those who wait for a connection that dies, though nobody has asked them to stop; and it may answer
    one who is asked to stop with the connection's error instead. Only the task itself knows.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
