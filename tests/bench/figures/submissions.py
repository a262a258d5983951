"""A landlord's deposit under load, against what a user would build instead."""

from tests.bench.measure import Beside, Better, Figure, ratio

LANES = ("submissions", "peer-submissions")
SLOWEST = ("submissions-p99", "peer-submissions-p99")

FIGURE = Figure(
    key="submissions",
    title="Submissions a second",
    compared=(
        "64 clients, POST /submission to number: intake / FastAPI and PostgreSQL with a gap-free counter row, "
        "the same token, checks and frozen content"
    ),
    lanes=LANES,
    value=ratio(*LANES),
    better=Better.HIGHER,
    reach=3,
    stretch=5,
    unit="×",
    beside=(
        Beside("intake", LANES[:1], lambda values: values[LANES[0]], "/s"),
        Beside("intake, round trips to the database a deposit", ("submission-trips",), lambda v: v["submission-trips"]),
        Beside("FastAPI and PostgreSQL", LANES[1:], lambda values: values[LANES[1]], "/s"),
    ),
)

SLOW = Figure(
    key="submissions-p99",
    title="Submissions, the slowest hundredth",
    compared="the 99th percentile of the same requests, in milliseconds: intake / FastAPI and PostgreSQL",
    lanes=SLOWEST,
    value=ratio(*SLOWEST),
    better=Better.LOWER,
    reach=1 / 4,
    stretch=1 / 8,
    unit="×",
)
