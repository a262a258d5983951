"""A run as it is kept: docs/bench/results.json, from which the page and its plots are drawn."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Results:
    """`values` holds one number a round by lane; `failures` why a lane has none; `sizes` what a round did."""

    commit: str
    measured_on: str
    rounds: int
    sizes: dict[str, int]
    machine: dict[str, str]
    versions: dict[str, str]
    durability: dict[str, str]
    values: dict[str, list[float]]
    failures: dict[str, str]

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(**json.loads(path.read_text()))
