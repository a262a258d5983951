"""The packaged grids. ALS's real one is not public: what is here is for demonstration (DOMAIN, The premium)."""

import json
from importlib import resources
from pathlib import Path

from services.pricing.domain.grid import Grid

DEMONSTRATION = "demonstration-1.json"
SCHEMA = Path(__file__).parent / "schema.json"


def grid_bytes() -> bytes:
    """The demonstration grid's file: in force once two people have adopted it, like any other."""
    return (resources.files(__name__) / DEMONSTRATION).read_bytes()


def schema_text() -> str:
    """The JSON Schema of a grid's file; schema.json holds it for those who write one."""
    return json.dumps(Grid.model_json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
