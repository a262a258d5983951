"""How fast a history is folded again."""

from tests.bench.measure import Beside, Better, Figure, each_us

FIGURE = Figure(
    key="replay",
    title="Replay of decisions",
    compared="decisions read from the database, decoded and folded, a second",
    lanes=("replay",),
    value=lambda values: values["replay"],
    better=Better.HIGHER,
    reach=150_000,
    stretch=300_000,
    unit="/s",
    beside=(
        Beside("a decision replayed", ("replay",), each_us(plus=["replay"]), "µs"),
        Beside("of which reading from the database", ("history-read",), each_us(plus=["history-read"]), "µs"),
        Beside(
            "of which decoding into events",
            ("history-decoded", "history-read"),
            each_us(plus=["history-decoded"], minus=["history-read"]),
            "µs",
        ),
        Beside(
            "of which folding",
            ("replay", "history-decoded"),
            each_us(plus=["replay"], minus=["history-decoded"]),
            "µs",
        ),
    ),
)
