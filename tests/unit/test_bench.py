"""The bench says what it measured, and nothing else."""

import os
import signal
import subprocess
import sys

import pytest

from tests.bench import plot, spent
from tests.bench.figures.all import FIGURES
from tests.bench.lane import LANES, TOLD_BY
from tests.bench.measure import Better, Figure, against_best, answer, each_us, estimate, ratio
from tests.bench.page import NOT_MEASURED, page
from tests.bench.results import Results

FIGURE = Figure("speed", "Speed", "ours / theirs", ("ours", "theirs"), ratio("ours", "theirs"), Better.HIGHER, 2, 4)


def results(values: dict[str, list[float]], **changes) -> Results:
    sizes = {"decisions": 10, "replayed": 10, "long": 30_000, "submissions": 10}
    given = {"commit": "c0ffee", "measured_on": "2024-04-29", "rounds": 7, "sizes": sizes, "machine": {}}
    given |= {"versions": {}, "durability": {"fsync": "on"}, "values": values, "failures": {}}
    return Results(**given | changes)


def row(text: str, title: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| [{title}]"))


def test_a_ratio_is_taken_within_each_round():
    assert ratio("ours", "theirs")({"ours": [10, 40], "theirs": [5, 10]}) == [2, 4]


def test_the_peer_is_measured_at_its_best_median():
    values = {"ours": [12, 12, 12], "one": [1, 1, 100], "many": [3, 4, 3]}
    assert against_best("ours", ("one", "many"))(values) == [4, 3, 4]


def test_the_quickest_peer_is_the_best_where_less_is_better():
    values = {"ours": [2, 2, 2], "one": [4, 5, 4], "many": [8, 1, 8]}
    assert against_best("ours", ("one", "many"), Better.LOWER)(values) == [0.5, 0.4, 0.5]


def test_a_part_is_what_is_left_when_the_others_are_taken_away():
    assert each_us(plus=["whole"], minus=["part"])({"whole": [1_000], "part": [4_000]}) == [750]


def test_an_estimate_is_the_median_between_bounds_that_hold_it_and_is_the_same_again():
    found = estimate([3, 1, 2, 9, 4, 5, 2])
    assert found.median == 3
    assert 1 <= found.low <= found.median <= found.high <= 9
    assert estimate([3, 1, 2, 9, 4, 5, 2]) == found


@pytest.mark.parametrize(("median", "verdict"), [(1.9, "out of reach"), (2, "reached"), (4, "stretch")])
def test_a_verdict_compares_with_the_targets(median, verdict):
    assert FIGURE.verdict(median) == verdict


def test_a_figure_whose_lane_has_not_run_in_each_round_has_no_answer():
    assert answer(FIGURE, {"ours": [1, 2], "theirs": [1]}) is None
    assert answer(FIGURE, {}) is None


def test_every_lane_a_figure_needs_exists():
    for figure in FIGURES:
        for part in (figure, *figure.beside):
            assert {TOLD_BY.get(lane, lane) for lane in part.lanes} <= set(LANES)


def test_the_page_says_what_was_not_measured_and_why_a_lane_failed():
    text = page(results({}, failures={"replay": "TimeoutError"}))
    for figure in FIGURES:
        assert NOT_MEASURED in row(text, figure.title)
    assert "Lane `replay` failed: `TimeoutError`" in text


def test_a_history_too_short_gives_no_verdict():
    values = {"restart-long": [1.0] * 7, "restart-short": [1.0] * 7}
    title = "Restart with a million decisions / with ten thousand"
    assert f"{NOT_MEASURED} at 1,000,000: 30,000 only" in row(page(results(values)), title)


def test_a_verdict_is_sure_only_when_the_whole_interval_agrees():
    assert "reached, sure" in row(page(results({"replay": [200_000.0] * 7})), "Replay of decisions")
    torn = [100_000.0, 200_000.0] * 3 + [200_000.0]
    assert "reached, not sure" in row(page(results({"replay": torn})), "Replay of decisions")


def test_a_short_run_says_so():
    assert "A short run" in page(results({}, rounds=3))
    assert "A short run" not in page(results({}))


def test_the_same_values_draw_the_same_plot(tmp_path):
    for name in ("a", "b"):
        plot.draw(FIGURE, {"ours": [10, 40], "theirs": [5, 10]}, tmp_path / name)
    first = (tmp_path / "a").read_text()
    assert first == (tmp_path / "b").read_text()
    assert "theirs" in first


def test_processor_time_is_told_of_each_process_with_what_it_started():
    works_in_a_child = "import os\nif os.fork(): os.wait()\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", works_in_a_child], start_new_session=True) as one:
        named = {"one": one.pid, "ended": 2**22 + 1}
        try:
            before = spent.seconds(named)
            while (after := spent.seconds(named)) == before:
                pass
        finally:
            os.killpg(one.pid, signal.SIGKILL)
    assert list(after) == ["one"]
    assert after["one"] > before["one"]
