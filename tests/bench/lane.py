"""Every lane by name; `python -m tests.bench.lane NAME` measures one, its context on standard input."""

import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from shared.main import calm_collector
from tests.bench.context import Context
from tests.bench.figures import growth as growing
from tests.bench.lanes import growth, history, ledger, parts, postgres, raw, served, submissions

CONNECTIONS = (1, 8, 32)
SHORT = 10_000
MIDDLE = 100_000

# A lane tells one number, called as it is, or several by name.
Lane = Callable[[Context], Coroutine[Any, Any, float | dict[str, float]]]


LOCKED = {f"locked-row-{n}": n for n in CONNECTIONS}
STATEMENT = {f"one-statement-{n}": n for n in CONNECTIONS}

INTAKES = {f"submissions-{n}": n for n in (1, 2)}
PEERS = {f"peer-submissions-{n}": n for n in (1, 2)}
LENGTHS: dict[str, Callable[[Context], int]] = {
    "short": lambda _: SHORT,
    "middle": lambda _: MIDDLE,
    "long": lambda context: context.long,
}
GROWN: dict[str, Lane] = {
    growing.lane(s, n): lambda c, s=s, n=n: growth.grown(c, growing.lane(s, n), s, LENGTHS[n](c))
    for s in growing.SUBJECTS
    for n in growing.LENGTHS
}

LANES: dict[str, Lane] = {
    "ledger": lambda context: ledger.end_to_end(context, "ledger"),
    "raw-loop": lambda context: raw.read_decide_write(context, "raw-loop"),
    "raw-one-by-one": lambda context: raw.read_decide_write(context, "raw-one-by-one", one_by_one=True),
    "one-at-a-time": lambda context: ledger.one_at_a_time(context, "one-at-a-time"),
    "ledger-from-memory": lambda context: ledger.from_memory(context, "ledger-from-memory"),
    **{name: lambda c, name=name, n=n: postgres.locked_row(c, name, n) for name, n in LOCKED.items()},
    **{name: lambda c, name=name, n=n: postgres.one_statement(c, name, n) for name, n in STATEMENT.items()},
    "replay": lambda context: history.replay(context, "replay"),
    "stored-bytes": lambda context: history.stored_bytes(context, "stored-bytes"),
    "text-bytes": lambda context: history.text_bytes(context, "text-bytes"),
    "restart-short": lambda context: history.restart(context, "restart-short", SHORT),
    "restart-long": lambda context: history.restart(context, "restart-long", context.long),
    **{name: lambda c, name=name, n=n: submissions.intake(c, name, n) for name, n in INTAKES.items()},
    "submissions-memory": lambda context: served.without_database(context, "submissions-memory"),
    **{name: lambda c, name=name, n=n: submissions.peer(c, name, n) for name, n in PEERS.items()},
    **GROWN,
    "submission-trips": lambda context: served.trips(context, "submission-trips"),
    "reading": lambda context: parts.reading(context, "reading"),
    "deciding": lambda context: parts.deciding(context, "deciding"),
    "in-memory": lambda context: parts.in_memory(context, "in-memory"),
    "history-read": lambda context: parts.history_read(context, "history-read"),
    "history-decoded": lambda context: parts.history_decoded(context, "history-decoded"),
    "traced": lambda context: ledger.end_to_end(context, "traced", traced=True),
    # Its process runs with the SDK off: `environment`.
    "untraced": lambda context: ledger.end_to_end(context, "untraced"),
}


# Numbers that another lane tells besides its own.
OWN_PARTS, PEER_PARTS = ("service", "ferretdb", "kafka", "clients"), ("service", "postgres", "clients")
TOLD_BY = (
    {f"{lane}-p99": lane for lane in (*INTAKES, *PEERS)}
    | {f"{lane}-told": lane for lane in INTAKES}
    | {f"{lane}-cpu-{part}": lane for lane in INTAKES for part in OWN_PARTS}
    | {f"{lane}-cpu-{part}": lane for lane in PEERS for part in PEER_PARTS}
    | {f"{lane}-wired": lane for lane in ("restart-short", "restart-long")}
    | {"submission-trips-after": "submission-trips"}
    | growing.TOLD
)


def environment(name: str) -> dict[str, str]:
    """What a lane's process gets besides."""
    return {"OTEL_SDK_DISABLED": "true"} if name == "untraced" else {}


def main() -> None:
    context = Context.from_json(sys.stdin.read())
    name = sys.argv[1]
    # As a service's process is, every lane alike.
    calm_collector()
    told = uvloop.run(LANES[name](context))
    sys.stdout.write(json.dumps(told if isinstance(told, dict) else {name: told}) + "\n")


if __name__ == "__main__":
    main()
