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
        "v1/acte.typ": "cc09b6f827e2560d9d5f8383004f72c91e3dd6b1eba82a1ffffa7e4e8fddd6b5",
        "v1/convention.typ": "b087fa8747cbcbb4eba78fe3989443646e6ef6dc373d533ee46a2bc4be9c6f1c",
        "v1/minutes.typ": "653f7417eb04c2f6990bdef3c9afb4d3c931c0b1d29a9d534eaf3bf88489467f",
        "v1/paper.typ": "45120dde5a88550f5f2026beaff423cc79810303f7afc157a054ef1d7456b6e4",
        "v1/premium_call.typ": "b4f9cc8ff9a27087616bf4ec08d9fcfb3f71cd310acf9b1d5d3ec990a3e91864",
    },
    "services/pricing/templates": {
        "v1/offer.typ": "306e63f7619f7a4291110bfc58be687ef096dafd9d8dddcc004729fb599454e8",
    },
    "shared/templates": {
        "v1/letter.typ": "73eb132d088d6a1b26b1b62868d3038d55d0043dca332537bd04df54fdcff8ac",
        "v1/stamp.typ": "50bbbac3db5acf0197a872beb08ffa98fe3403411fd124845cc3ad7d8d15633f",
    },
}


# The papers of the samples as each version printed them when it was the one in force, and the typesetter that did.
PRINTED_BY = "typst 0.15.2"
PRINTED = {
    ("v1", "convention"): "3820d32197f0cbc8ff56e871af66fa57e71ccb3bd3beb5f1ad39797ab334f3f8",
    ("v1", "premium_call"): "b0692584c156df6cabf280763f031234203e3fcb8552de50665f00072b49a8c6",
    ("v1", "acte"): "551d1a4752b9c39494b917d6049de5bf4fd4793e5b82942cef46502673478e48",
    ("v1", "minutes"): "99b6450adb9e93548b4e7086d783f311af055cb001977009838364516d0852a8",
    ("v1", "offer"): "6395a34d3e3a3d97ef187be5ecdaec529a0a26e12d798e6aab2ff0aac5190da4",
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
