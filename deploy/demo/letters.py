"""The documents landlords deposit in the scenario, as real PDFs."""

import io
import json
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pikepdf
import typst

from deploy.demo.operations import DemoOperation
from shared.money import format_euros
from shared.territory import Territory, rent_cap
from shared.typeset import compile_pdf

TEMPLATES = "deploy/demo/templates"
SCAN_PPI = 96
DATED = datetime(2024, 4, 2, 8, tzinfo=UTC)
PURPOSES = {"land": "Foncier", "building": "Bâti"}


def offer_letter_pdf(operation: DemoOperation) -> bytes:
    return _letter(operation, "Lettre d'offre")


def intent_letter_pdf(operation: DemoOperation) -> bytes:
    return _letter(operation, "Lettre d'intention")


def _letter(operation: DemoOperation, kind: str) -> bytes:
    data = _about(operation) | {
        "kind": kind,
        "made_on": "2 avril 2024",
        "loans": [_loan(loan) for loan in operation.loans()],
    }
    return compile_pdf(f"{TEMPLATES}/bdt_letter.typ", data, DATED)


def _about(operation: DemoOperation) -> dict[str, Any]:
    return {
        "addressee": operation.bailleur.name,
        "siren": operation.bailleur.siren,
        "operation": operation.name,
        "commune": Territory.load().commune(operation.commune_code).name,
    }


def _loan(loan: dict[str, Any]) -> dict[str, str]:
    rate = f"{Decimal(loan['annual_rate']) * 100:.2f}".replace(".", ",")
    return {
        "purpose": PURPOSES[loan["purpose"]],
        "principal": format_euros(loan["principal_cents"]),
        "duration": f"{loan['duration_years']} ans",
        "rate": f"{rate} %",
        "deferral": f"{loan['deferral_months']} mois",
        "prefinancing": f"{loan['prefinancing_months']} mois",
    }


def presentation_pdf(operation: DemoOperation) -> bytes:
    """Three pages: cover, site and rents beside their cap, financing plan."""
    zone = Territory.load().commune(operation.commune_code).zone
    cap = rent_cap(zone, Decimal(operation.surface_m2))
    plan = operation.financing()
    small, large = operation.homes // 3, operation.homes // 4
    data = _about(operation) | {
        "zone": zone,
        "homes": operation.homes,
        "surface": operation.surface_m2,
        "rent": _euros(Decimal(operation.rent_per_m2_cents) / 100),
        "cap": "aucun" if cap is None else _euros(cap),
        "types": [
            ["T2", str(small), f"{100 * small // operation.homes} %"],
            ["T3", str(operation.homes - small - large), f"{100 - 100 * (small + large) // operation.homes} %"],
            ["T4 et plus", str(large), f"{100 * large // operation.homes} %"],
        ],
        "loans": format_euros(operation.principal_cents),
        "equity": format_euros(plan["equity_cents"]),
        "subsidies": format_euros(plan["subsidies_cents"]),
        "total": format_euros(plan["total_cost_cents"]),
        "quality": operation.quality,
    }
    return compile_pdf(f"{TEMPLATES}/presentation.typ", data, DATED)


def _euros(amount: Decimal) -> str:
    return f"{amount:.2f} €".replace(".", ",")


def supplement_pdf(operation: DemoOperation) -> bytes:
    return _note(operation, "Complément d'information", "Répartition des surfaces et notice acoustique, comme demandé.")


def _note(operation: DemoOperation, title: str, text: str) -> bytes:
    about = _about(operation)
    data = {"title": title, "operation": f"{about['operation']}, {about['commune']}", "text": text}
    return compile_pdf(f"{TEMPLATES}/note.typ", data, DATED)


def scanned_convention_pdf(convention: bytes) -> bytes:
    """The convention printed, signed by hand and scanned: pictures of pages, no text and no electronic signature."""
    with tempfile.TemporaryDirectory() as folder, pikepdf.open(io.BytesIO(convention)) as pdf:
        root = Path(folder)
        (root / "convention.pdf").write_bytes(convention)
        photographs = _typeset(root, "by_hand.typ", {"pages": len(pdf.pages)}, "png")
        pages = photographs if isinstance(photographs, list) else [photographs]
        names = [f"{number}.png" for number in range(1, len(pages) + 1)]
        for name, picture in zip(names, pages, strict=True):
            (root / name).write_bytes(picture)
        scanned = _typeset(root, "scan.typ", {"pages": names}, "pdf")
    assert isinstance(scanned, bytes)
    return scanned


def _typeset(root: Path, template: str, data: dict[str, Any], form: Literal["png", "pdf"]) -> Any:
    source = root / template
    source.write_text(Path(TEMPLATES, template).read_text())
    return typst.compile(str(source), root=str(root), format=form, ppi=SCAN_PPI, sys_inputs={"data": json.dumps(data)})
