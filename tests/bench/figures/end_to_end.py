"""What keeping a ledger costs against a loop that keeps nothing."""

from tests.bench.measure import Beside, Better, Figure, each_us, ratio

FIGURE = Figure(
    key="end-to-end",
    title="Ledger end to end / raw loop",
    compared=(
        "read from Kafka, decide, commit, publish / the same loop on bare aiokafka, without a ledger. The loop waits "
        "for each acknowledgement, which the service does not. A run of three times as many decisions writes more "
        "snapshots and is slower"
    ),
    lanes=("ledger", "raw-loop"),
    value=ratio("ledger", "raw-loop"),
    better=Better.HIGHER,
    reach=0.70,
    stretch=0.85,
    unit="×",
    beside=(
        Beside(
            "the same loop deciding message after message, as one would write it first: ledger / it",
            ("ledger", "raw-one-by-one"),
            ratio("ledger", "raw-one-by-one"),
            "×",
        ),
        Beside("a decision, end to end", ("ledger",), each_us(plus=["ledger"]), "µs"),
        Beside("of which reading the message", ("reading",), each_us(plus=["reading"]), "µs"),
        Beside("of which deciding and folding", ("deciding",), each_us(plus=["deciding"]), "µs"),
        Beside(
            "of which handler and journal (group commit, encoding, hash, fold again)",
            ("in-memory", "deciding"),
            each_us(plus=["in-memory"], minus=["deciding"]),
            "µs",
        ),
        Beside(
            "of which the database, synced",
            ("ledger-from-memory", "in-memory"),
            each_us(plus=["ledger-from-memory"], minus=["in-memory"]),
            "µs",
        ),
        Beside(
            "of which the rest: consumer, inbox, relay, publishing, marks",
            ("ledger", "ledger-from-memory", "reading"),
            each_us(plus=["ledger"], minus=["ledger-from-memory", "reading"]),
            "µs",
        ),
    ),
)
