"""The packaged grids. ALS's real one is not public: what is here is for demonstration (DOMAIN, The premium)."""

from importlib import resources
from pathlib import Path

DEMONSTRATION = "demonstration-1.json"


def grid_bytes(path: Path | None = None) -> bytes:
    """The configured grid's file, or the demonstration grid's."""
    return path.read_bytes() if path else (resources.files(__name__) / DEMONSTRATION).read_bytes()
