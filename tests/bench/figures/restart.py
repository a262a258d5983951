"""Whether a restart depends on the length of the history."""

from tests.bench.measure import Beside, Better, Figure, ratio

FIGURE = Figure(
    key="restart",
    title="Restart with a million decisions / with ten thousand",
    compared="a process started until its first decision is recorded, on the long history / on the short one",
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
        Beside(
            "without the interpreter and the imports, which every length pays: long / short",
            ("restart-long-wired", "restart-short-wired"),
            ratio("restart-long-wired", "restart-short-wired"),
            "×",
        ),
        Beside("from wiring on, on the long history", ("restart-long-wired",), lambda v: v["restart-long-wired"], "s"),
    ),
)
