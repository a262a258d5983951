"""Released templates stay as they were, and print what they printed, whatever was added to papers since."""

import hashlib
from pathlib import Path

import pytest

from services.contracting.documents import render_acte, render_convention, render_premium_call
from services.contracting.domain.board import Decision, Session, Votes
from services.contracting.minutes import render_minutes
from services.pricing.documents import render_offer
from shared.typeset import ENGINE
from tests.unit.contracting.returned_files import TERMS, engagement
from tests.unit.contracting.samples import NOW
from tests.unit.contracting.stationery import GUARANTOR, PAYEE
from tests.unit.contracting.test_contracting_board import Sitting, item
from tests.unit.pricing.samples import LAST, drafted

# What a released version of the templates says and looks like is settled: what was signed is printed again from it.
# A change of text or of look goes into a new directory, v2, and leaves these hashes alone.
RELEASED = {
    "services/contracting/templates": {
        "v1/acte.typ": "69a6a1892a21e098188c4ee8695aa78af3d6b247e845ec91d6da2c15573dd592",
        "v1/convention.typ": "40d9e183da900885b2614a0c8475a7f0120ca2d229c84b1a8fc4555b33731068",
        "v1/minutes.typ": "65837c391f88d2dae781f2ca9001c45f2ac5451844ede436795ef50b81687246",
        "v1/paper.typ": "7548519c19cbf7831d71f4f54ac375a7a2dbe4c0a1ea8932e69c1e39471f6b6d",
        "v1/premium_call.typ": "ed675055f12cd12cffa1428e029cc2ec3529d348b0f27b7be95ffdc87ed3b0e2",
    },
    "services/pricing/templates": {
        "v1/offer.typ": "b9a9910b34ba1bf9868f6b6170faa18d44a7a1963e792a00a307a3b2e6029a75",
    },
    "shared/templates": {
        "v1/letter.typ": "cd71fd58b6d6753ca929f0bed976efa87785d9b14028f9d676c8ae2f2738bf59",
        "v1/stamp.typ": "50bbbac3db5acf0197a872beb08ffa98fe3403411fd124845cc3ad7d8d15633f",
    },
}


# The papers of the samples as each version printed them when it was the one in force, and the typesetter that did.
PRINTED_BY = "typst 0.15.2"
PRINTED = {
    ("v1", "convention"): "12d8f74dd7b2e4cade61eb199a2efb9f83077f62011a74ddc36255a717a1bb82",
    ("v1", "premium_call"): "49de5f7a251962f8842bda8dfe761cb5b08fe5fa95707e6a6193b3faef4018bf",
    ("v1", "acte"): "0afbb10f07504c32152b71df8eab3d0fb15d8885489bcb8ced2132da022f0f69",
    ("v1", "minutes"): "67bef3903cb5351f4710762ecd051ba161f7ae95efcff7c16d408bda476c15e8",
    ("v1", "offer"): "3a2c4a50270f3b9e4b2c7382b0bab9101bc369d1c161d768f0a32107d4e3af84",
}


@pytest.mark.parametrize("folder", RELEASED)
def test_a_released_template_is_never_edited(folder):
    templates = Path(__file__).parents[3] / folder
    found = {
        str(path.relative_to(templates)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in templates.rglob("*.typ")
    }
    assert found == RELEASED[folder]


def held() -> Session:
    """A session with a recusal, a vote against, an adjournment and an item that was struck."""
    board = Sitting(item(12), item(13, "d2"), item(14, "d3"))
    board.recuse("m5")
    board.decide(votes=Votes(in_favour=("m1", "m2", "m3"), against=("m4",)))
    board.decide(Decision.ADJOURN, "À compléter", Votes(), "d2")
    return board.session


async def printed(name: str, templates: str) -> bytes:
    match name:
        case "convention":
            return await render_convention(engagement(), TERMS, GUARANTOR, templates)
        case "premium_call":
            return await render_premium_call(engagement(), TERMS, PAYEE, GUARANTOR, templates)
        case "acte":
            return await render_acte(engagement(), NOW, GUARANTOR, templates)
        case "minutes":
            return await render_minutes(held(), ("d3",), NOW, templates)
        case _:
            return await render_offer(drafted(), NOW, LAST, 10, templates)


@pytest.mark.parametrize(("templates", "name"), PRINTED)
async def test_a_version_prints_what_it_printed_when_it_was_released(templates, name):
    assert ENGINE == PRINTED_BY, "another typesetter prints other bytes: keep the old one to reprint what it printed"
    assert hashlib.sha256(await printed(name, templates)).hexdigest() == PRINTED[templates, name]
