"""The register of asset freezes of local stacks: made-up entries in the public register's format, published each day.

A production fetches the real one (docs/operations.md); here every step of the clock brings the day's publication.
"""

import json
import os
from datetime import date
from pathlib import Path

PUBLICATION = Path(__file__).with_name("registre-des-gels.json")
FILE = "registre-des-gels.json"


def publish(folder: Path, day: date) -> None:
    """Put the publication of `day` in place of the one before, whole at any moment."""
    publication = json.loads(PUBLICATION.read_text())
    publication["Publications"]["DatePublication"] = day.isoformat()
    fresh = folder / f"{FILE}.new"
    fresh.write_text(json.dumps(publication, ensure_ascii=False))
    os.replace(fresh, folder / FILE)
