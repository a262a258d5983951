"""Against one statement that does everything."""

from tests.bench.lane import STATEMENT
from tests.bench.measure import Beside, Better, Figure, against_best

FIGURE = Figure(
    key="one-statement",
    title="Ledger / one-statement CTE",
    compared="ledger end to end, through Kafka / PostgreSQL from memory, its best of 1, 8 and 32 connections",
    lanes=("ledger", *STATEMENT),
    value=against_best("ledger", tuple(STATEMENT)),
    better=Better.HIGHER,
    reach=4,
    stretch=8,
    unit="×",
    beside=(
        Beside(
            "like for like: the ledger from memory too, deciding and committing without Kafka",
            ("ledger-from-memory", *STATEMENT),
            against_best("ledger-from-memory", tuple(STATEMENT)),
            "×",
        ),
    ),
)
