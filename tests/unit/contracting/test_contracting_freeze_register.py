"""The register of frozen assets: its published file, and who bears a name on it."""

from dataclasses import FrozenInstanceError, fields
from datetime import date, timedelta
from typing import Any

import pytest

from deploy.demo.bailleurs import BAILLEURS, NAMESAKE
from deploy.local import freeze_register
from deploy.local.clock import start_at, step_to
from services.contracting.domain.names import normalised
from services.contracting.domain.screening import Listed, Party, Register, Screening, find
from services.contracting.freeze_register import RegisterFile, RegisterObject, RegisterUnreadable, parse
from services.contracting.store import render_screening
from shared.errors import Unavailable
from shared.objects import DirectoryObjects
from tests.unit.contracting.samples import NOW, TODAY, opinion
from tests.unit.contracting.screening_desk import PERSON, entry, published

COMPANY = entry(
    12,
    "Société d'Études Boréales",
    "Personne morale",
    IDENTIFICATION=[{"Identification": "SIRET 542 065 479 00012", "Commentaire": "registre du commerce"}],
    AUTRE_IDENTITE=[{"NumeroCarte": "A-77"}],
)


def party(name: str, **more: Any) -> Party:
    return Party(name=name, **more)


# -- the file --------------------------------------------------------------------------------------------------------


def test_the_published_file_is_read_with_forenames_aliases_years_and_numbers():
    register = parse(published(PERSON, COMPANY))
    assert (register.published, len(register.sha256)) == (date(2024, 6, 1), 64)
    person, company = register.entries
    assert person == Listed(11, ("Éloi Aurélien LANDRIN", "Aurel le Grand"), frozenset({1961}), ())
    assert company == Listed(12, ("Société d'Études Boréales",), frozenset(), ("SIRET 542 065 479 00012", "A-77"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"Publications": {"DatePublication": "2024-06-01"}}',
        published(),
        published({"Nom": "X"}),
        published(entry(1, "")),
        published(PERSON, on="hier"),
        published(PERSON)[:-9],
        b"\xff\xfe",
    ],
)
def test_a_register_that_cannot_be_read_or_is_empty_clears_nobody(content):
    with pytest.raises(RegisterUnreadable):
        parse(content)


async def test_the_register_is_a_file_or_an_object(tmp_path):
    (tmp_path / "registre.json").write_bytes(published(PERSON))
    file, stored = RegisterFile(tmp_path / "registre.json"), RegisterObject(DirectoryObjects(tmp_path), "registre.json")
    assert await file.current() == await stored.current() == parse(published(PERSON))
    for away in (RegisterFile(tmp_path / "none"), RegisterObject(DirectoryObjects(tmp_path), "none")):
        with pytest.raises(Unavailable, match="freeze-register"):
            await away.current()


async def test_local_stacks_have_a_register_in_the_published_format_as_of_the_day_their_clock_steps_to(tmp_path):
    start_at(tmp_path / "clock.json", NOW)
    step_to(tmp_path / "clock.json", NOW + timedelta(days=40))
    register = await RegisterFile(tmp_path / freeze_register.FILE).current()
    assert register.published == TODAY + timedelta(days=40)
    assert [hit.register_id for hit in find([party(NAMESAKE)], register)] == [900001]
    landlords = [party(one.name, siren=one.siren) for one in BAILLEURS]
    assert list(find(landlords, register)) == []


# -- names -----------------------------------------------------------------------------------------------------------


def test_accents_case_punctuation_and_order_play_no_part_in_a_name():
    assert normalised("  ÉLOI-Aurélien  d’Œuvre ") == normalised("Oeuvre (d'), eloi aurelien")
    assert normalised("…") == ""


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (party("Landrin Éloi-Aurélien"), 11),
        (party("aurelien LANDRIN"), 11),
        (party("Éloi Aurélien Marie Landrin"), 11),
        (party("AUREL LE GRAND"), 11),
        (party("Landrin"), None),
        (party("Éloi Dupont"), None),
        (party("Aurélien Landrin", birth_year=1961), 11),
        (party("Aurélien Landrin", birth_year=1980), None),
        (party("SOCIETE D ETUDES BOREALES"), 12),
        (party("Tout autre nom", siren="542065479"), 12),
        (party("Tout autre nom", siren="542065470"), None),
        (party("…"), None),
    ],
)
def test_a_party_that_bears_a_listed_name_or_number_is_a_hit(one, found):
    hits = list(find([one], parse(published(PERSON, COMPANY))))
    assert [hit.register_id for hit in hits] == ([found] if found else [])


def test_a_number_is_a_siren_only_as_a_whole():
    listed = Listed(1, ("X Y", "Alias"), numbers=("1542065479", "54206547900012"))
    register = Register(date(2024, 6, 1), "", (listed,))
    assert [hit.listed_name for hit in find([party("Z", siren="542065479")], register)] == ["X Y"]
    longer = Register(date(2024, 6, 1), "", (Listed(1, ("X Y",), numbers=("1542065479",)),))
    assert list(find([party("Z", siren="542065479")], longer)) == []


def test_an_alert_keeps_its_name_from_one_publication_to_the_next():
    first, second = (parse(published(PERSON, on=day)) for day in ("2024-06-01", "2024-06-02T08:00:00"))
    (one,), (other,) = (list(find([party("Aurélien Landrin")], register)) for register in (first, second))
    assert one == other
    assert one.alert_id == "bcf734596423a4b3"  # what was cleared under this name stays cleared


@pytest.mark.parametrize("told", [Listed(1, ("X Y",)), Register(TODAY, "", ()), Screening()])
def test_what_was_screened_cannot_be_changed_once_told(told):
    with pytest.raises(FrozenInstanceError):
        setattr(told, fields(told)[0].name, None)


def test_nothing_else_moves_a_screening():
    assert Screening().fold(opinion()) == Screening()
    assert render_screening("d1", Screening()) == {"dossier_id": "d1", "open_alerts": 0, "screened_at": None}
