"""Time that stands still until a test moves it."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class ManualTimer:
    due: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class ManualTime:
    """A clock and the timers that hang on it, in the shape of an event loop's `time` and `call_later`."""

    now: float = 1000.0
    timers: list[ManualTimer] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(self.now + delay, callback)
        self.timers.append(timer)
        return timer

    @property
    def pending(self) -> list[float]:
        """Seconds until each timer that is set, the next one first."""
        return sorted(timer.due - self.now for timer in self.timers if not timer.cancelled)

    def advance(self, seconds: float) -> None:
        """Move on, and let every timer that is due by then go off in order."""
        until = self.now + seconds
        while due := [timer for timer in self.timers if timer.due <= until]:
            timer = min(due, key=lambda item: item.due)
            self.timers.remove(timer)
            if not timer.cancelled:
                self.now = timer.due
                timer.callback()
        self.now = until
