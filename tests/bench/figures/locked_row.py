"""Against `SELECT … FOR UPDATE` on one budget row."""

from tests.bench.lane import LOCKED
from tests.bench.measure import Beside, Better, Figure, against_best

FIGURE = Figure(
    key="locked-row",
    title="Ledger / SELECT … FOR UPDATE",
    compared="ledger end to end, through Kafka / PostgreSQL from memory, its best of 1, 8 and 32 connections",
    lanes=("ledger", *LOCKED),
    value=against_best("ledger", tuple(LOCKED)),
    better=Better.HIGHER,
    reach=8,
    stretch=15,
    unit="×",
    beside=(
        Beside(
            "like for like: the ledger from memory too, deciding and committing without Kafka",
            ("ledger-from-memory", *LOCKED),
            against_best("ledger-from-memory", tuple(LOCKED)),
            "×",
        ),
    ),
)
