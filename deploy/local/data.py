"""A stack's data directory: its format version and a lock against two runs at once."""

import fcntl
import shutil
from pathlib import Path
from typing import IO

FORMAT = "4"


class WrongDataFormat(Exception):
    """The directory was written by another version; nothing in it was touched."""


class DataInUse(Exception):
    """Another run holds the directory."""


class DataDirectory:
    """Opens, locks and closes a data directory."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path.resolve()
        self._fresh = fresh
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Raises: WrongDataFormat, DataInUse."""
        version = self.path / "FORMAT"
        if self.path.exists() and any(self.path.iterdir()):
            found = version.read_text().strip() if version.exists() else "inconnu"
            if found != FORMAT:
                raise WrongDataFormat(
                    f"{self.path} : données au format {found}, cette version lit le format {FORMAT}. "
                    "Déplacez ce répertoire ou indiquez-en un autre ; rien n'a été modifié."
                )
        self.path.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        if self._fresh:
            self._empty()
        version.write_text(FORMAT)

    def _take_lock(self) -> None:
        self._lock = (self.path / "LOCK").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise DataInUse(f"{self.path} est déjà utilisé par une autre exécution.") from None

    def _empty(self) -> None:
        for entry in self.path.iterdir():
            if entry.name != "LOCK":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
