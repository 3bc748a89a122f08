"""A rate limit for each player: a token bucket (burst) that refills at a constant rate.

The buckets are in the memory of one process. Several processes allow as many times the rate.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class RateLimit:
    """The buckets of all players. Not for use by several threads."""

    def __init__(
        self,
        rate: float,
        burst: int,
        *,
        max_players: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes the buckets.

        Beyond `max_players`, the player who called least recently is forgotten.
        """
        self._rate = rate
        self._burst = float(burst)
        self._max_players = max_players
        self._clock = clock
        # The player's calls that are left, and the time of that count. Least recent player first.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, player_id: str) -> float:
        """Takes one call. Returns 0, or the seconds until the player may call again."""
        now = self._clock()
        left, since = self._buckets.get(player_id, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._buckets[player_id] = (left if wait else left - 1, now)
        self._buckets.move_to_end(player_id)
        if len(self._buckets) > self._max_players:
            self._buckets.popitem(last=False)
        return wait
