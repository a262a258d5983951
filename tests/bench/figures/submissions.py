"""A landlord's deposit under load, against what a user would build instead."""

from tests.bench.lane import PEERS
from tests.bench.measure import Beside, Better, Figure, against_best

SLOWEST = tuple(f"{peer}-p99" for peer in PEERS)

FIGURE = Figure(
    key="submissions",
    title="Submissions a second",
    compared=(
        "64 clients, POST /submission to number: intake, two processes on one database / FastAPI and PostgreSQL with a "
        "gap-free counter row, its best of one and two processes; the same token, checks and frozen content. Clients "
        "are spread evenly over the processes, and each deposits, with its draft's ETag, dossiers that were made "
        "through the process it talks to"
    ),
    lanes=("submissions", *PEERS),
    value=against_best("submissions", tuple(PEERS)),
    better=Better.HIGHER,
    reach=3,
    stretch=5,
    unit="×",
    beside=(
        Beside("intake, two processes", ("submissions",), lambda values: values["submissions"], "/s"),
        Beside("intake, one process", ("submissions-1",), lambda values: values["submissions-1"], "/s"),
        Beside(
            "intake, round trips to the database until a deposit is answered",
            ("submission-trips",),
            lambda values: values["submission-trips"],
        ),
        Beside(
            "intake, round trips after: the relay, and the inbox that brings the deposit to its dossier",
            ("submission-trips-after",),
            lambda values: values["submission-trips-after"],
        ),
        *[
            Beside(f"FastAPI and PostgreSQL, processes: {n}", (peer,), lambda values, peer=peer: values[peer], "/s")
            for peer, n in PEERS.items()
        ],
    ),
)

SLOW = Figure(
    key="submissions-p99",
    title="Submissions, the slowest hundredth",
    compared="the 99th percentile of the same requests, in milliseconds: intake / FastAPI and PostgreSQL at its best",
    lanes=("submissions-p99", *SLOWEST),
    value=against_best("submissions-p99", SLOWEST, Better.LOWER),
    better=Better.LOWER,
    reach=1 / 4,
    stretch=1 / 8,
    unit="×",
)
