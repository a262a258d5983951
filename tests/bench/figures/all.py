"""The figures, in the order of the page."""

from tests.bench.figures import (
    batch,
    end_to_end,
    growth,
    locked_row,
    one_statement,
    replay,
    restart,
    stored_bytes,
    submissions,
    telemetry,
)

FIGURES = (
    end_to_end.FIGURE,
    batch.FIGURE,
    locked_row.FIGURE,
    one_statement.FIGURE,
    submissions.FIGURE,
    submissions.SLOW,
    restart.FIGURE,
    growth.FIGURE,
    replay.FIGURE,
    stored_bytes.FIGURE,
    telemetry.FIGURE,
)
