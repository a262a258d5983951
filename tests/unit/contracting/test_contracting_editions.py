"""Released templates stay as they were, and print what they printed, whatever was added to papers since."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from services.contracting.documents import render_acte, render_convention, render_premium_call
from services.contracting.domain.board import Decision, Session, Votes
from services.contracting.minutes import render_minutes
from shared.typeset import ENGINE
from tests.unit.contracting.returned_files import TERMS, engagement
from tests.unit.contracting.samples import NOW
from tests.unit.contracting.stationery import GUARANTOR, PAYEE
from tests.unit.contracting.test_contracting_board import Sitting, item

# What a released version of the templates says and looks like is settled: what was signed is printed again from it.
# A change of text or of look goes into a new directory, v5, and leaves these hashes alone.
RELEASED = {
    "services/contracting/templates": {
        "v1/acte.typ": "15a74fd5e97f1861fe384890f7a10c77eb5615b4ef7ce7aedb098e8b69da372f",
        "v1/convention.typ": "681d5fefe4d059439eed944c865223804a590f055a3993f26f425a1c73d907a6",
        "v1/minutes.typ": "c7cce3d3431865337af6622d2c0213df917ab3f9da471b84dced15da339f1c70",
        "v1/paper.typ": "fa7fec3042c8e8b5f00f0c095dc3c8319c6db6e85d2b77926a80f87456ad2e0b",
        "v1/premium_call.typ": "9fef7e44676aa6e7e5a80a51ba1cbcd15e8a823c4822d832c13a07fe40d7f06f",
        "v2/acte.typ": "56eaade859457fa51ea0a9cf85dd11723417678e57b88501edeb2176f3e45520",
        "v2/convention.typ": "552411da7c23f8f4b2a2e0f39efd717b36165a4647e83d423e5085c3d5b790a7",
        "v2/paper.typ": "7d4b9354036b46b94852ecb5870cc8857dad7033f180660d41fad5e5e8b2ac10",
        "v2/premium_call.typ": "f1a7cbe69940ad7daf8598d1a8a10873fc37cd8b69aad57b1607ec3ec2f5c04b",
        "v3/acte.typ": "0198f8272fd208e5865d1ac0c59416d1bc4ac32c20a3bef6c956070bf7a76e80",
        "v3/convention.typ": "c906a06c42a2cab2f64f6e358cd65048d3a0f3f8c28ec7329b33984be099001b",
        "v3/paper.typ": "99e88672f2f0a217fb1ad973a3c575e322606b3487ed976fc1a55b4aa6c6b647",
        "v3/premium_call.typ": "e262b0d6b447cecabf2326619f8c180d643ab0c6261f5a114bc183ea3e107596",
        "v4/acte.typ": "3295fa83a96e04f44a4b7e1ad88b4f16f6043c6152ea697d6d01cb78179d6310",
        "v4/convention.typ": "eabbff076e75c3f16f9cbaad41d60ff7ece395b4371bdc275d62229251ee501e",
        "v4/minutes.typ": "c746e954f8d9b15cbce7a332a1d7e48098d7d3a00c6a2f13301027eb82372a4e",
        "v4/paper.typ": "a1c9bad07948753ccbbc27526e35a4842e85f2e0cc96f9415b0d660434763f67",
        "v4/premium_call.typ": "750ed7c3a220365af8254be5c6c8c5c31093abf00fb0772642e1ead765ee40bd",
    },
    "services/pricing/templates": {
        "v1/offer.typ": "fd3aad80438a90f54aecd901a9243244bc58a354fe4dbbdfe0e2c2a5baf39332",
        "v2/offer.typ": "8c14b3828515bfa57dfe8632b577074eb9480ef994de4423c2c563c8d03b7a2c",
        "v3/offer.typ": "73c85275086fe0b28a0b093b2d364ef047c00e6f7196dc25a790b96fed246ab9",
    },
    "shared/templates": {
        "v1/letter.typ": "cd71fd58b6d6753ca929f0bed976efa87785d9b14028f9d676c8ae2f2738bf59",
        "v1/stamp.typ": "50bbbac3db5acf0197a872beb08ffa98fe3403411fd124845cc3ad7d8d15633f",
    },
}


# The papers of the samples as each version printed them when it was the one in force, and the typesetter that did.
PRINTED_BY = "typst 0.15.2"
PRINTED = {
    ("v1", "convention"): "c4a240ee95f931faedb6df5c877587c3c977eb902157d4385ce788f3f293d538",
    ("v1", "premium_call"): "8a6837c19b1881ea7ef2776de155f30ed6ee10872a0047fbe64313f43d9dda0e",
    ("v1", "acte"): "36df040b3eb776a668317c7c6a12af17626ccfe2f258247f048b0b2b2e9f6283",
    ("v2", "convention"): "d50ea4a0dce0e14351f5f0654f770ec85ec289b3b7fd486fe464107990574a19",
    ("v2", "premium_call"): "47bf26ff4e66feccf329ab74b10800fdf3ed58501083980f958dab9245408e94",
    ("v2", "acte"): "a362b3403ebf5d6d9c7f761cbe4be792ff42502b73a020dc1c48b126757e9d2e",
    ("v3", "convention"): "213b07ba48aaef91e7b83418b6839de3b829ec5e32ba71fc525627459561b638",
    ("v3", "premium_call"): "47bf26ff4e66feccf329ab74b10800fdf3ed58501083980f958dab9245408e94",
    ("v3", "acte"): "a362b3403ebf5d6d9c7f761cbe4be792ff42502b73a020dc1c48b126757e9d2e",
    ("v1", "minutes"): "c795e3121540026e1e37ab039a5a072bcbe04a48bd9e0497d46d2cf7a47d8da8",
}
SEAT = "12 avenue de l'Essai, 75012 Paris"


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
    guarantor = None if templates == "v1" else GUARANTOR
    match name:
        case "convention":
            return await render_convention(engagement(), TERMS, guarantor, templates)
        case "premium_call":
            return await render_premium_call(engagement(), TERMS, PAYEE, guarantor, templates)
        case "acte":
            return await render_acte(engagement(), NOW, guarantor, templates)
        case _:
            return await render_minutes(held(), ("d3",), NOW, templates)


@pytest.mark.parametrize(("templates", "name"), PRINTED)
async def test_an_earlier_version_prints_what_it_printed_when_it_was_in_force(templates, name):
    assert ENGINE == PRINTED_BY, "another typesetter prints other bytes: keep the old one to reprint what it printed"
    assert hashlib.sha256(await printed(name, templates)).hexdigest() == PRINTED[templates, name]


@pytest.mark.parametrize("templates", ["v1", "v2"])
async def test_an_earlier_version_prints_the_same_bytes_whatever_is_known_since(templates):
    base = engagement()
    assert base.submitted is not None
    bailleur = base.submitted.bailleur.model_copy(update={"seat": SEAT})
    known = replace(base, submitted=base.submitted.model_copy(update={"bailleur": bailleur}))
    guarantor = None if templates == "v1" else GUARANTOR
    printed = [await render_convention(one, TERMS, guarantor, templates) for one in (base, known)]
    assert printed[0] == printed[1]
