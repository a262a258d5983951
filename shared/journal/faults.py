"""What verification finds wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that does not hold of a folded stream: what was expected and what is there."""

    check: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A commit that is wrong, or what hangs on it (view, snapshot, time stamp); what was expected and what is there."""

    commit: str
    check: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.commit} : {self.check} — attendu {self.expected}, trouvé {self.found}"
