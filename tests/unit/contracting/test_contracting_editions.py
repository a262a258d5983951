"""Released templates stay as they were, and print what they printed, whatever was added to papers since."""

import hashlib
from pathlib import Path

import pytest

from services.contracting.documents import render_acte, render_convention, render_premium_call
from services.contracting.domain.board import Decision, Session, Votes
from services.contracting.minutes import render_minutes
from services.pricing.documents import render_offer
from shared.typeset import ENGINE
from tests.unit.contracting.board import Sitting, item
from tests.unit.contracting.returned_files import TERMS, engagement
from tests.unit.contracting.samples import NOW
from tests.unit.contracting.stationery import GUARANTOR, PAYEE
from tests.unit.pricing.samples import LAST, drafted

# What a released version of the templates says and looks like is settled: what was signed is printed again from it.
# A change of text or of look goes into a new directory, v2, and leaves these hashes alone.
RELEASED = {
    "services/contracting/templates": {
        "v1/acte.typ": "bbccfffe5a42b47c47301e0c25c24814aca0813fa5989119e59ebe29c7744e68",
        "v1/convention.typ": "045df5b19b6cfb91fd7e88ce62207b1b548b8a52fd0db778408571997eed35dc",
        "v1/minutes.typ": "b1999be04f40700b0bb7a45c98bf4a66d2af07231e1b6d668dfe33394061b661",
        "v1/paper.typ": "543c326532800463c2c5cd0dee2fc1e751e69fcfd6f2e696628122a672de6ce3",
        "v1/premium_call.typ": "b4f9cc8ff9a27087616bf4ec08d9fcfb3f71cd310acf9b1d5d3ec990a3e91864",
    },
    "services/pricing/templates": {
        "v1/offer.typ": "f0bdb80bac03f967e548779bc884206958cd7480aba9f0498460d30e800932fa",
    },
    "shared/templates": {
        "v1/letter.typ": "73eb132d088d6a1b26b1b62868d3038d55d0043dca332537bd04df54fdcff8ac",
        "v1/stamp.typ": "50bbbac3db5acf0197a872beb08ffa98fe3403411fd124845cc3ad7d8d15633f",
    },
}


# The papers of the samples as each version printed them when it was the one in force, and the typesetter that did.
PRINTED_BY = "typst 0.15.2"
PRINTED = {
    ("v1", "convention"): "cfcae9b7f67db893ad2776022cbe31353c5d22a88d947f1fd542f8e368667d05",
    ("v1", "premium_call"): "2239073064a2f950c2c3bd10830bacc30411cb9e0a8fcc27f31701d8227d1513",
    ("v1", "acte"): "9a2a893844c47c327228e7dd68823627aa001bc3feea96bd9ae39bc2017caf5a",
    ("v1", "minutes"): "2e848901d9d4534e2ea2d10e520d82d999765e688781c9f0639a64bc4cfd9682",
    ("v1", "offer"): "a1e9eb465bcbf6b24df5510b2851e89d3e2b6a4a95579a37552c2e78a3284240",
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
