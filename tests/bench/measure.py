"""What a figure is: lanes measured in the same rounds, one number a round, its median and how sure it is."""

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

RESAMPLES = 2_000
CONFIDENCE = 0.95

Values = Mapping[str, Sequence[float]]


class Better(StrEnum):
    """Which side of its target a figure must be on."""

    HIGHER = "at least"
    LOWER = "at most"


@dataclass(frozen=True, slots=True)
class Figure:
    """One question. `lanes` are measured; `value` makes one number a round of their values, by lane name.

    `unit` follows the number; `compared` says in words what is divided by what; `needs` is a size and its least value
    without which there is no verdict.
    """

    key: str
    title: str
    compared: str
    lanes: tuple[str, ...]
    value: Callable[[Values], Sequence[float]]
    better: Better
    reach: float
    stretch: float
    unit: str = ""
    beside: tuple["Beside", ...] = ()
    needs: tuple[str, int] = ("", 0)

    def verdict(self, median: float) -> str:
        """`stretch`, `reached` or `out of reach`."""
        sign = 1 if self.better is Better.HIGHER else -1
        if sign * median >= sign * self.stretch:
            return "stretch"
        return "reached" if sign * median >= sign * self.reach else "out of reach"


@dataclass(frozen=True, slots=True)
class Beside:
    """A number that explains a figure and has no target: another division, or the part that bounds it."""

    label: str
    lanes: tuple[str, ...]
    value: Callable[[Values], Sequence[float]]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median and its bootstrap interval; `rounds` is how many values it rests on."""

    median: float
    low: float
    high: float
    rounds: int


def estimate(values: Sequence[float]) -> Estimate:
    """Percentile bootstrap of the median, the same for the same values."""
    assert values, "nothing was measured"
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    tail = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Estimate(statistics.median(values), medians[tail], medians[-1 - tail], len(values))


def answer(figure: Figure | Beside, values: Values) -> Estimate | None:
    """The figure, or None when a lane it needs has not one value in each round."""
    counts = {len(values.get(lane, ())) for lane in figure.lanes}
    if len(counts) != 1 or counts == {0}:
        return None
    return estimate(figure.value(values))


def ratio(over: str, under: str) -> Callable[[Values], list[float]]:
    """Lane by lane, round by round: what disturbs a round disturbs both."""
    return lambda values: [a / b for a, b in zip(values[over], values[under], strict=True)]


def each_us(*, plus: Sequence[str], minus: Sequence[str] = ()) -> Callable[[Values], list[float]]:
    """Microseconds a decision of lanes that tell decisions a second: what is left when parts are taken away."""

    def value(values: Values) -> list[float]:
        rounds = range(len(values[plus[0]]))
        return [sum(1e6 / values[p][i] for p in plus) - sum(1e6 / values[m][i] for m in minus) for i in rounds]

    return value


def against_best(
    over: str | Sequence[str], peers: Sequence[str], better: Better = Better.HIGHER
) -> Callable[[Values], list[float]]:
    """Against the peer whose median is best: each side chooses its own size."""
    own = [over] if isinstance(over, str) else over

    def value(values: Values) -> list[float]:
        choose = max if better is Better.HIGHER else min
        ours, theirs = [choose(names, key=lambda name: statistics.median(values[name])) for names in (own, peers)]
        return ratio(ours, theirs)(values)

    return value
