"""Documents of a dossier: which are wanted when, each version kept, one verdict each, and what counts."""

import pytest

from services.intake.domain import uploads as domain
from services.intake.domain.answers import NoConventionAwaited, NoSupplementAwaited
from services.intake.domain.checklist import Papers
from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import DocumentScanned, DocumentUploaded
from services.intake.domain.uploads import SIGNED_CONVENTION, AlreadySubmitted, TooManyVersions
from shared.contracts.intake import SignedConventionLodged
from shared.contracts.values import DocumentKind
from tests.facts import DOSSIER, document, scanned, submitted, uploaded
from tests.unit.intake.samples import NOW, convention_lodged, convention_sent, opened, requested, seen

BY = "user:portal"


def upload(dossier: Dossier, kind: str = "offer_letter"):
    return domain.upload(dossier, DOSSIER, document("new", kind), 3, BY, NOW)


def verdict(dossier: Dossier, document_id: str, safe: bool = True):
    return domain.scanned(dossier, DOSSIER, document_id, safe, NOW)


def version(document_id: str, number: int, kind: str = "offer_letter"):
    return uploaded(document(document_id, kind).model_copy(update={"version": number}))


# -- which are wanted --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["offer_letter", "intent_letter", "presentation"])
def test_papers_come_in_until_the_deposit(kind):
    assert upload(seen(), kind)
    with pytest.raises(AlreadySubmitted):
        upload(seen(submitted()), kind)


def test_a_supplement_comes_in_while_it_is_asked_for():
    assert upload(seen(submitted(), requested()), DocumentKind.SUPPLEMENT)
    with pytest.raises(NoSupplementAwaited):
        upload(seen(submitted()), DocumentKind.SUPPLEMENT)


def test_a_signed_convention_comes_in_while_it_is_awaited():
    assert upload(seen(submitted(), convention_sent()), SIGNED_CONVENTION)
    with pytest.raises(NoConventionAwaited):
        upload(seen(submitted(), convention_sent(), convention_lodged()), SIGNED_CONVENTION)


# -- versions ----------------------------------------------------------------------------------------------------


def test_each_document_is_the_next_version_of_its_kind():
    (event,) = upload(seen(version("a", 1), version("b", 2), version("c", 1, "presentation")))
    assert isinstance(event, DocumentUploaded)
    assert (event.document.version, event.document.document_id, event.pages) == (3, "new", 3)
    assert (event.dossier_id, event.uploaded_at, event.uploaded_by) == (DOSSIER, NOW, BY)


def test_fifty_versions_of_a_kind_are_enough():
    kept = [version(f"v{number}", number) for number in range(1, 51)]
    assert upload(seen(*kept[:-1]))
    with pytest.raises(TooManyVersions):
        upload(seen(*kept))
    assert upload(seen(*kept), "presentation")


def test_every_version_stays_and_is_found():
    dossier = seen(version("a", 1), version("b", 2), version("c", 1, "presentation"))
    assert [one.document.document_id for one in dossier.uploads_of("offer_letter")] == ["a", "b"]
    found = dossier.upload("b")
    assert found is not None
    assert (found.document.version, found.safe) == (2, None)
    assert dossier.upload("d") is None


def test_uploads_are_no_line_of_the_timeline():
    assert seen(version("a", 1), scanned("a")).entries == seen().entries


# -- verdicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("safe", [True, False])
def test_a_verdict_is_recorded_for_its_document_alone(safe):
    before = seen(version("a", 1), version("b", 2))
    (event,) = verdict(before, "b", safe)
    assert event == DocumentScanned(dossier_id=DOSSIER, document_id="b", safe=safe, scanned_at=NOW)
    assert [one.safe for one in before.fold(event).uploads] == [None, safe]


def test_the_first_verdict_stays():
    assert verdict(seen(version("a", 1), scanned("a", safe=False)), "a") == []


def test_what_never_came_in_has_no_verdict():
    assert verdict(seen(), "a") == []


def test_a_safe_signed_convention_is_lodged_with_its_verdict():
    dossier = seen(submitted(), convention_sent(), version("signed", 1, SIGNED_CONVENTION))
    told, lodged = verdict(dossier, "signed")
    assert isinstance(told, DocumentScanned)
    assert isinstance(lodged, SignedConventionLodged)
    assert lodged.document.document_id == "signed"
    assert [type(event) for event in verdict(dossier, "signed", safe=False)] == [DocumentScanned]


# -- what counts -------------------------------------------------------------------------------------------------


def test_the_newest_safe_version_counts_and_a_newer_one_not_looked_at_is_pending():
    dossier = seen(
        *(version("p1", 1, "presentation"), scanned("p1")),
        *(version("a", 1), scanned("a")),
        *(version("b", 2), scanned("b")),
        *(version("c", 3), scanned("c", safe=False)),
        version("p2", 2, "presentation"),
    )
    papers = domain.papers_of(dossier)
    assert [one.document_id for one in papers.safe] == ["b", "p1"]
    assert papers.pending == ("presentation",)


def test_nothing_counts_of_what_was_never_uploaded():
    assert domain.papers_of(Dossier().fold(opened())) == Papers()
