"""A landlord's deposit under load, against what a user would build instead."""

from tests.bench.lane import INTAKES, OWN_PARTS, PEER_PARTS, PEERS
from tests.bench.measure import Beside, Better, Figure, Values, against_best

OWN_SLOWEST, SLOWEST = tuple(f"{one}-p99" for one in INTAKES), tuple(f"{peer}-p99" for peer in PEERS)


def _parts(title: str, lane: str, parts: tuple[str, ...]) -> list[Beside]:
    """Two cores share this: what a deposit costs bounds how many there can be."""
    names = [f"{lane}-cpu-{part}" for part in parts]
    each = [
        Beside(f"{title}, one process: processor time a deposit, {part}", (name,), lambda v, n=name: v[n], "ms")
        for part, name in zip(parts, names, strict=True)
    ]

    def whole(values: Values) -> list[float]:
        return [sum(parts) for parts in zip(*[values[name] for name in names], strict=True)]

    return [Beside(f"{title}, one process: processor time a deposit, in all", tuple(names), whole, "ms"), *each]


FIGURE = Figure(
    key="submissions",
    title="Submissions a second",
    compared=(
        "64 clients, POST /submission to number: intake / FastAPI and PostgreSQL with a gap-free counter row, each at "
        "its best of one and two processes on one database; the same HTTP server, token, checks and frozen content, "
        "nothing traced; intake calls its route directly (docs/adr/0019), the peer as FastAPI does. "
        "Clients are spread evenly over the processes, and each deposits, with its draft's ETag, dossiers that were "
        "made through the process it talks to"
    ),
    lanes=(*INTAKES, *PEERS),
    value=against_best(tuple(INTAKES), tuple(PEERS)),
    better=Better.HIGHER,
    reach=3,
    stretch=5,
    unit="×",
    beside=(
        *[
            Beside(f"intake, processes: {n}", (name,), lambda values, name=name: values[name], "/s")
            for name, n in INTAKES.items()
        ],
        *[
            Beside(
                f"intake, processes: {n}, until every deposit is announced as well",
                (f"{name}-told",),
                lambda values, name=name: values[f"{name}-told"],
                "/s",
            )
            for name, n in INTAKES.items()
        ],
        Beside(
            "the database taken away: intake on documents in memory, in one process with its clients",
            ("submissions-memory",),
            lambda values: values["submissions-memory"],
            "/s",
        ),
        Beside(
            "the database taken away / FastAPI and PostgreSQL at its best",
            ("submissions-memory", *PEERS),
            against_best("submissions-memory", tuple(PEERS)),
            "×",
        ),
        *_parts("intake", "submissions-1", OWN_PARTS),
        *_parts("FastAPI and PostgreSQL", "peer-submissions-1", PEER_PARTS),
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
    lanes=(*OWN_SLOWEST, *SLOWEST),
    value=against_best(OWN_SLOWEST, SLOWEST, Better.LOWER),
    better=Better.LOWER,
    reach=1 / 4,
    stretch=1 / 8,
    unit="×",
)
