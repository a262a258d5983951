"""The figures, in the order of the page."""

from tests.bench.figures import batch, end_to_end, locked_row, one_statement, replay, restart, stored_bytes, telemetry

FIGURES = tuple(
    module.FIGURE for module in (end_to_end, batch, locked_row, one_statement, restart, replay, stored_bytes, telemetry)
)
