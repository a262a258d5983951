"""Intake's queries: drafts, scans to do, deposits, and the views of dossiers, accounts and questions."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime

from services.intake.domain import notice, register
from services.intake.domain.bailleur import Account
from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import Notice
from services.intake.domain.question import Question
from services.intake.domain.status import TABLE
from services.intake.forms import DraftForm
from shared.contracts.intake import DossierSubmitted
from shared.documents import Document, Documents, Duplicate
from shared.errors import Refusal
from shared.journal import Commit, commit_key

MAX_DRAFTS_SEEN = 4_096


class StaleDraft(Refusal):
    """Somebody saved a newer revision; read it and save again."""

    type = "stale-etag"
    title = "Le brouillon a changé depuis votre lecture"
    status = 412


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft at a revision; the revision is its ETag."""

    form: DraftForm
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


NO_DRAFT = Draft(DraftForm(), 0)


class Drafts:
    """Insert-only revisions, numbered from 1 without a gap: a unique insert is the compare-and-set.

    A revision that is passed loses its form but keeps its place: nobody saves there again, and the newest is found by
    `_id` alone, from the last one this process saw.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._seen: OrderedDict[str, Draft] = OrderedDict()

    async def read(self, dossier_id: str, revision: int = 0) -> Draft:
        """The newest revision; an empty one at revision 0 before the first save.

        `revision` is the one the caller knows: one look-up when it is the newest and this process saw it, and some
        2 log₂(n) for n revisions it did not see.
        """
        while True:
            known = await self._known(dossier_id, revision)
            newest, row, step = known.revision, None, 1
            while found := await self._documents.get(_draft_key(dossier_id, newest + step)):
                newest, row, step = newest + step, found, step * 2
            while step > 1:
                step //= 2
                if found := await self._documents.get(_draft_key(dossier_id, newest + step)):
                    newest, row = newest + step, found
            if row is None:
                return known
            if row["form"] is not None:
                return self._remember(dossier_id, Draft(DraftForm.model_validate_json(row["form"]), newest))
            # Passed while it was looked for.

    async def save(self, dossier_id: str, form: DraftForm, read_revision: int) -> Draft:
        """Save on top of the revision that was read. Raises: StaleDraft."""
        seen = self._seen.get(dossier_id)
        if seen is None or seen.revision != read_revision:
            newest = await self.read(dossier_id, read_revision)
            if newest.revision != read_revision:
                raise StaleDraft(etag=newest.etag)
        draft = Draft(form, read_revision + 1)
        try:
            await self._documents.insert(
                {"_id": _draft_key(dossier_id, draft.revision), "form": form.model_dump_json()}
            )
        except Duplicate:
            raise StaleDraft(etag=(await self.read(dossier_id)).etag) from None
        if draft.revision > 2:
            # The one before keeps its form: a reader between the two never finds nothing.
            await self._documents.mark(_draft_key(dossier_id, draft.revision - 2), {"form": None})
        return self._remember(dossier_id, draft)

    async def _known(self, dossier_id: str, revision: int) -> Draft:
        """A revision that exists: the one this process saw last, or the one the caller knows."""
        seen = self._seen.get(dossier_id, NO_DRAFT)
        if seen.revision < revision:
            row = await self._documents.get(_draft_key(dossier_id, revision))
            if row is not None and row["form"] is not None:
                return self._remember(dossier_id, Draft(DraftForm.model_validate_json(row["form"]), revision))
        return seen

    def _remember(self, dossier_id: str, draft: Draft) -> Draft:
        self._seen[dossier_id] = draft
        self._seen.move_to_end(dossier_id)
        if len(self._seen) > MAX_DRAFTS_SEEN:
            self._seen.popitem(last=False)
        return draft


def _draft_key(dossier_id: str, revision: int) -> str:
    return f"{dossier_id}#{revision}"


@dataclass(frozen=True, slots=True)
class Awaited:
    """A document whose scan is not recorded yet."""

    document_id: str
    dossier_id: str
    since: datetime


class Scans:
    """The documents that wait for their scan, a row each; what the scanner said is in the dossier's journal."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def add(self, awaited: Awaited) -> None:
        await self._documents.insert({"_id": awaited.document_id} | asdict(awaited))

    async def awaited(self) -> list[Awaited]:
        names = Awaited.__dataclass_fields__
        return [Awaited(**{name: row[name] for name in names}) async for row in self._documents.find({})]

    async def done(self, document_id: str) -> None:
        await self._documents.remove(document_id)


class Deposits:
    """Whole deposits, which the register's state does not keep, from its commits."""

    def __init__(self, commits: Documents) -> None:
        self._commits = commits

    async def numbered(self, campaign_id: str, number: int, version: int) -> DossierSubmitted:
        """The deposit of a number that the register holds at `version`.

        Numbers grow with versions: some log₂(version) look-ups by `_id`, besides one a commit that holds no deposit.
        """
        low, high = 1, version
        while low <= high:
            place = middle = (low + high) // 2
            while not (found := await self._of(campaign_id, place)) and place < high:
                place += 1
            if number in found:
                return found[number]
            if found and max(found) < number:
                low = place + 1
            else:
                high = middle - 1
        raise AssertionError(f"the register of {campaign_id} holds {number}")

    async def _of(self, campaign_id: str, version: int) -> dict[int, DossierSubmitted]:
        document = await self._commits.get(commit_key(register.KIND.stream(campaign_id), version))
        assert document is not None, "versions have no gap"
        events = [event for entry in Commit.from_document(document).decoded() for event in entry.events]
        return {event.deposit_number: event for event in events if isinstance(event, DossierSubmitted)}


def render_dossier(dossier_id: str, dossier: Dossier) -> Document:
    submitted, envelope, told = dossier.submitted, dossier.envelope, notice.due(dossier)
    return {
        "dossier_id": dossier_id,
        "siren": dossier.opened.siren if dossier.opened else None,
        "campaign_id": dossier.opened.campaign_id if dossier.opened else None,
        "deposit_number": submitted.deposit_number if submitted else None,
        "operation": submitted.operation.name if submitted else None,
        "commune": submitted.operation.commune_name if submitted else None,
        "principal_cents": (dossier.reduced or submitted).principal_cents if submitted else None,
        "status": dossier.status.value,
        "status_label": TABLE[dossier.status].label,
        "envelope": type(envelope).__name__.lower() if envelope else None,
        "due_at": dossier.due_at,
        "notice": told.value if told else None,
    }


def render_account(siren: str, account: Account) -> Document:
    return {"siren": siren, "members": [subject for subject, _ in account.members]}


def render_question(question_id: str, question: Question) -> Document:
    written = question.written
    return {
        "question_id": question_id,
        "siren": written.siren if written else None,
        "subject": written.subject if written else None,
        "asked_at": written.asked_at if written else None,
        "mailed": question.mailed,
    }


async def sirens_of(accounts: Documents, subject: str) -> list[str]:
    """The bailleurs a user belongs to."""
    return [row["siren"] async for row in accounts.find({"members": subject})]


def dossiers_of(view: Documents, sirens: list[str], skip: int, limit: int) -> AsyncIterator[Document]:
    return view.find({"siren": {"$in": sirens}}, sort=[("deposit_number", 1)], skip=skip, limit=limit)


def unmailed(view: Documents) -> AsyncIterator[Document]:
    return view.find({"mailed": False})


def to_notify(view: Documents) -> AsyncIterator[Document]:
    """The dossiers whose bailleur is to be told something by mail."""
    return view.find({"notice": {"$in": [one.value for one in Notice]}})
