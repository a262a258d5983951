"""How cost grows with the length of the history, in the ledger and in the register."""

from tests.bench.measure import Beside, Better, Figure, ratio

SUBJECTS = ("ledger", "register")
LENGTHS = {"short": "ten thousand", "middle": "a hundred thousand", "long": "a million"}
MEASURES = {
    "restart": ("opening to first decision", "ms"),
    "append": ("one decision after another, the first 200 after a start, while the index is read", "ms"),
    "list": ("a page of 50, anywhere in the list", "ms"),
    "memory": ("held by Python after 200 decisions and a page", "MiB"),
}


def lane(subject: str, length: str) -> str:
    return f"grown-{subject}-{length}"


TOLD = {f"{lane(s, n)}-{measure}": lane(s, n) for s in SUBJECTS for n in LENGTHS for measure in MEASURES}


def _beside(subject: str, length: str, measure: str) -> Beside:
    name, (words, unit) = f"{lane(subject, length)}-{measure}", MEASURES[measure]
    return Beside(f"{subject} of {LENGTHS[length]}: {words}", (name,), lambda values: values[name], unit)


FIGURE = Figure(
    key="growth",
    title="One decision on a million / on ten thousand",
    compared=(
        "a decision of the ledger by itself, wholly recorded, with a million dossiers before it / ten thousand; the "
        "first 200 after a start, while the pages of the index that each looks at are read"
    ),
    lanes=("grown-ledger-long-append", "grown-ledger-short-append"),
    value=ratio("grown-ledger-long-append", "grown-ledger-short-append"),
    better=Better.LOWER,
    reach=1.2,
    stretch=1.05,
    unit="×",
    needs=("long", 1_000_000),
    beside=tuple(
        _beside(subject, length, measure) for measure in MEASURES for subject in SUBJECTS for length in LENGTHS
    ),
)
