"""When something is due: commits and ticks. Pure: time comes in as an argument."""

from dataclasses import dataclass

IDLE_TICK_SECONDS = 10.0
NEWS_SHARE = (
    0.25  # of the interval between commits, at least, lies between one and the next that only tells news
)


@dataclass(slots=True, kw_only=True)
class Schedule:
    """commit_every: seconds. commit_rows: rows that are committed at once. lateness: seconds."""

    commit_every: float
    lateness: float
    commit_rows: int = 50_000
    _last_commit: float = 0.0
    _last_told: float = 0.0
    _last_tick: float = 0.0
    _last_rows: float = 0.0

    def commit_due(self, now: float, *, rows: int) -> bool:
        """Whether to look for something to commit."""
        if self.until_commit(now, news=False) > 0 and rows < self.commit_rows:
            return False
        self._last_commit = self._last_told = now
        return True

    def news_due(self, now: float) -> bool:
        """Whether drift events that wait are committed ahead of the rest: it has waited for a commit or two already."""
        if self.until_commit(now, news=True) > 0:
            return False
        self._last_told = now
        return True

    def until_commit(self, now: float, *, news: bool) -> float:
        """Seconds until the next commit is due, 0 when it is. news: drift events wait."""
        due = self._last_commit + self.commit_every
        if news:
            due = min(due, self._last_told + self.commit_every * NEWS_SHARE)
        return max(0.0, due - now)

    def tick_due(self, now: float, *, rows: int, inputs: bool) -> bool:
        """A tick goes with rows, and on for a while after them, so that the last ones are released; then seldom."""
        if rows:
            self._last_rows = now
        recent = now - self._last_rows <= 3 * (self.lateness + self.commit_every)
        if not inputs or not (rows or recent or now - self._last_tick >= IDLE_TICK_SECONDS):
            return False
        self._last_tick = now
        return True
