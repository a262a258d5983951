"""`make bench`: measure on the real stack, keep the results, draw docs/bench.md (`--draw` only draws)."""

import argparse
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine, plot
from tests.bench.figures.all import FIGURES
from tests.bench.lane import TOLD_BY
from tests.bench.measure import Figure, answer
from tests.bench.page import FULL_ROUNDS, page
from tests.bench.results import Results
from tests.bench.rig import Sizes, measure

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
KEPT = DOCS / "bench" / "results.json"


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(figures: list[Figure], rounds: int, minutes: float, sizes: Sizes) -> Results:
    """Measure every lane the figures and what stands beside them need."""
    before = machine.machine()
    wanted = [lane for figure in figures for part in (figure, *figure.beside) for lane in part.lanes]
    lanes = tuple(dict.fromkeys(TOLD_BY.get(lane, lane) for lane in wanted))
    with tempfile.TemporaryDirectory(prefix="ami-bench-") as data:
        found = measure(Path(data) / "stack", lanes, rounds, minutes, sizes, say)
    return Results(
        commit=machine.commit(ROOT),
        measured_on=datetime.now(UTC).date().isoformat(),
        rounds=found.rounds,
        sizes=asdict(sizes),
        machine=before | {"load after": machine.load()},
        versions=machine.versions(found.postgres.pop("server_version")),
        durability=found.postgres,
        values=found.values,
        failures=found.failures,
    )


def draw(results: Results) -> None:
    """The page, and a plot of each figure that was measured."""
    (DOCS / "bench.md").write_text(page(results))
    for figure in FIGURES:
        path = DOCS / "bench" / f"{figure.key}.svg"
        path.unlink(missing_ok=True)
        if answer(figure, results.values) is not None:
            plot.draw(figure, results.values, path)


def main() -> None:
    keys = [figure.key for figure in FIGURES]
    parser = argparse.ArgumentParser(description="Mesure sur la pile réelle et dessine docs/bench.md.")
    parser.add_argument("--rounds", type=int, default=FULL_ROUNDS)
    parser.add_argument("--minutes", type=float, default=120, help="aucun tour ne commence après")
    parser.add_argument("--decisions", type=int, default=20_000, help="décisions par voie et par tour")
    parser.add_argument("--replayed", type=int, default=50_000, help="longueur de l'historique relu")
    parser.add_argument("--long", type=int, default=1_000_000, help="longueur de l'historique du redémarrage")
    parser.add_argument("--submissions", type=int, default=1_000, help="dépôts par tour")
    parser.add_argument("--figures", nargs="+", choices=keys, default=keys)
    parser.add_argument("--draw", action="store_true", help="redessiner depuis docs/bench/results.json")
    arguments = parser.parse_args()
    if not arguments.draw:
        sizes = Sizes(arguments.decisions, arguments.replayed, arguments.long, arguments.submissions)
        chosen = [figure for figure in FIGURES if figure.key in arguments.figures]
        run(chosen, arguments.rounds, arguments.minutes, sizes).write(KEPT)
    draw(Results.read(KEPT))


if __name__ == "__main__":
    main()
