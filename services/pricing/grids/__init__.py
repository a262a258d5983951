"""The packaged grids. ALS's real one is not public: what is here is for demonstration (DOMAIN, The premium)."""

from importlib import resources
from pathlib import Path

DEMONSTRATION = "demonstration-1.json"
# The form of a grid's file, for those who write one; `load_grid` checks the same, and what no schema can say.
SCHEMA = Path(__file__).parent / "schema.json"


def grid_bytes() -> bytes:
    """The demonstration grid's file: in force once two people have adopted it, like any other."""
    return (resources.files(__name__) / DEMONSTRATION).read_bytes()
