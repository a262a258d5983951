"""How fast a history is folded again."""

from tests.bench.measure import Beside, Better, Figure, each_us

FIGURE = Figure(
    key="replay",
    title="Replay of decisions",
    compared=(
        "decisions read from the database and folded, a second. A run of reservations is folded by column: of its five "
        "fields the three that the ledger's state rests on are validated"
    ),
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
            "of which reading its text by column and folding",
            ("replay", "history-read"),
            each_us(plus=["replay"], minus=["history-read"]),
            "µs",
        ),
        Beside(
            "read into whole events instead, and not folded",
            ("history-decoded",),
            each_us(plus=["history-decoded"]),
            "µs",
        ),
    ),
)
