"""What watching costs."""

from tests.bench.measure import Better, Figure, Values


def overhead(values: Values) -> list[float]:
    """How much slower, in percent, the traced service decides."""
    return [100 * (1 - on / off) for on, off in zip(values["traced"], values["untraced"], strict=True)]


FIGURE = Figure(
    key="telemetry",
    title="Telemetry on / off",
    compared="spans exported over OTLP / OpenTelemetry's SDK disabled; Prometheus counters count in both",
    lanes=("traced", "untraced"),
    value=overhead,
    better=Better.LOWER,
    reach=10,
    stretch=5,
    unit="%",
)
