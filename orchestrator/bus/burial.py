"""Dead letters on their way to the shelf: beside the commands, so that they never hold those up."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from orchestrator.bus import words
from orchestrator.bus.patience import Patience
from orchestrator.bus.port import Bus, DeadLetter

BATCH = 100
BATCH_BYTES = 8 * 1024 * 1024
"""Of bodies, in one batch of more than one."""
TRIES = 3
"""How often a letter that is alone may cost the connection before it is put aside bare."""

log = structlog.get_logger()


class Burial:
    """Puts each message on the shelf and then acknowledges it. What the shelf does not take is tried again.

    A letter may hold what makes the broker end the connection. So after a loss they go one by one, until the culprit is
    known; it goes without its sender's headers then.
    """

    def __init__(self, bus: Bus, *, patience: Patience) -> None:
        self._bus = bus
        self._patience = patience
        self._letters: list[DeadLetter] = []
        self._some = asyncio.Event()
        self._most = BATCH
        self._tries = 0

    def add(self, letter: DeadLetter) -> None:
        """Take a letter in; the bus's prefetch bounds how many there can be."""
        self._letters.append(letter)
        self._some.set()

    async def run(self) -> None:
        """Work until cancelled; what is not on the shelf by then was not acknowledged and comes again."""
        failures = 0
        while True:
            await self._some.wait()
            if await self._bury():
                failures = 0
                continue
            failures += 1
            if failures == 1:
                log.warning(words.DEAD_LETTERS_FAILED, waiting=len(self._letters), problem=self._bus.state.problem)
            await asyncio.sleep(self._patience.delay(failures))

    async def _bury(self) -> bool:
        """Handle the first letters; says whether all went well."""
        size = self._first()
        first, self._letters = self._letters[:size], self._letters[size:]
        letters = [letter for letter in first if self._bus.holds(letter.delivery)]
        connected = self._bus.state.publishing
        try:
            lying = await self._bus.dead_letter(letters) if letters else []
        except BaseException:
            self._letters = letters + self._letters
            raise
        self._bus.acknowledge([letter.delivery for letter, lies in zip(letters, lying, strict=True) if lies])
        left = [letter for letter, lies in zip(letters, lying, strict=True) if not lies]
        if left and connected and not self._bus.state.publishing:
            left = self._suspected(left)
        elif not left:
            self._most, self._tries = min(2 * self._most, BATCH), 0
        self._letters = left + self._letters
        if not self._letters:
            self._some.clear()
        return not left

    def _suspected(self, left: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Go on with a single letter after a loss of the connection, and leave out what may have caused it."""
        alone = self._most == 1
        self._most = 1
        self._tries += alone
        if not alone or self._tries < TRIES:
            return list(left)
        self._tries = 0
        return [replace(letter, bare=True) for letter in left]

    def _first(self) -> int:
        """Count the letters of the next batch."""
        total = 0
        for at, letter in enumerate(self._letters[: self._most]):
            total += letter.delivery.size
            if total > BATCH_BYTES:
                return max(at, 1)
        return self._most
