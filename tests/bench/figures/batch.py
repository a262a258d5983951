"""What group commit brings."""

from tests.bench.measure import Better, Figure, ratio

FIGURE = Figure(
    key="batch",
    title="Batch / one message at a time",
    compared="the service as it runs / the same service handling each message after the one before",
    lanes=("ledger", "one-at-a-time"),
    value=ratio("ledger", "one-at-a-time"),
    better=Better.HIGHER,
    reach=5,
    stretch=10,
    unit="×",
)
