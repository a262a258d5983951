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
    """A commit (or a view, a snapshot, a time stamp) that is wrong, what was expected and what is there."""

    where: str
    check: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where} : {self.check} — attendu {self.expected}, trouvé {self.found}"
