"""`python -m tests.simulation --seeds N [--first SEED]`: plays N histories; shrinks and prints one that goes wrong."""

import argparse

from rich.console import Console

from tests.simulation.steps import drawn
from tests.simulation.world import play, shortest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        steps = drawn(seed)
        wrong = play(seed, steps)
        if wrong:
            steps = shortest(seed, steps)
            console.print(f"Seed {seed} goes wrong; its shortest history:")
            for step in steps:
                console.print(f"  {step}")
            for fault in play(seed, steps):
                console.print(f"  → {fault}")
            raise SystemExit(1)
    console.print(f"{arguments.seeds} seeds, all well.")


if __name__ == "__main__":
    main()
