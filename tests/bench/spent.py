"""Processor time of processes, each with its descendants, as Linux accounts it."""

import os
from collections.abc import Mapping
from pathlib import Path

# /proc/PID/stat after the name, which may hold spaces: parent is field 4, user and system time are 14 and 15.
PARENT, USER, SYSTEM = 1, 11, 12
TICKS = os.sysconf("SC_CLK_TCK")


def seconds(processes: Mapping[str, int]) -> dict[str, float]:
    """What each named process and those it started have spent until now."""
    stats = dict[int, list[str]]()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            stats[int(directory.name)] = (directory / "stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    children = dict[int, list[int]]()
    for pid, stat in stats.items():
        children.setdefault(int(stat[PARENT]), []).append(pid)

    def whole(pid: int) -> float:
        stat = stats[pid]
        own = (int(stat[USER]) + int(stat[SYSTEM])) / TICKS
        return own + sum(whole(child) for child in children.get(pid, ()))

    return {name: whole(pid) for name, pid in processes.items() if pid in stats}
