"""Whether a restart depends on the length of the history."""

from tests.bench.measure import Beside, Better, Figure, ratio

FIGURE = Figure(
    key="restart",
    title="Restart with a million decisions / with ten thousand",
    compared="wiring to first decision on the long history / on the short one; interpreter and imports left out",
    lanes=("restart-long", "restart-short"),
    value=ratio("restart-long", "restart-short"),
    better=Better.LOWER,
    reach=1.2,
    stretch=1.05,
    unit="×",
    needs=("long", 1_000_000),
    beside=(
        Beside("on the long history", ("restart-long",), lambda values: values["restart-long"], "s"),
        Beside("on the short one", ("restart-short",), lambda values: values["restart-short"], "s"),
    ),
)
