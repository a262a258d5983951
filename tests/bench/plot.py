"""A small SVG a figure: every round of every lane, and its median."""

import statistics
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot

from tests.bench.measure import Figure, Values

# The same values give the same file, and its text stays text.
mpl.rcParams |= {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 9}
WIDTH_INCHES = 6.4
LANE_INCHES = 0.34


def draw(figure: Figure, values: Values, path: Path) -> None:
    lanes = [lane for lane in reversed(figure.lanes) if values.get(lane)]
    canvas, axes = pyplot.subplots(figsize=(WIDTH_INCHES, 0.9 + LANE_INCHES * len(lanes)), layout="constrained")
    for place, lane in enumerate(lanes):
        measured = list(values[lane])
        axes.plot(measured, [place] * len(measured), "o", color="#9ab", markersize=4)
        axes.plot([statistics.median(measured)], [place], "|", color="#124", markersize=14, markeredgewidth=2)
    axes.set_yticks(range(len(lanes)), lanes)
    axes.set_ylim(-0.6, len(lanes) - 0.4)
    axes.set_xlim(left=0)
    axes.set_title(figure.title)
    axes.spines[["top", "right"]].set_visible(False)
    canvas.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(canvas)
