"""What a decision weighs on disk."""

from tests.bench.measure import Beside, Better, Figure

FIGURE = Figure(
    key="stored-bytes",
    title="Bytes stored per decision",
    compared="pages in use of FerretDB's file, journal and indexes, over decisions",
    lanes=("stored-bytes",),
    value=lambda values: values["stored-bytes"],
    better=Better.LOWER,
    reach=150,
    stretch=100,
    unit="bytes",
    beside=(
        Beside("the journal's own text, before any database", ("text-bytes",), lambda v: v["text-bytes"], "bytes"),
    ),
)
