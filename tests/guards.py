"""What the product may not lose: texts of its sources, one of which `tests.mutants` takes away at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that must be there: the text that holds it and the text without it."""

    name: str
    file: str
    text: str
    without: str


GUARDS = (
    Guard(
        "duplicate key read back",
        "shared/journal/journal.py",
        'return stored is not None and stored["hash"] == commit.hash',
        "return stored is not None",
    ),
    Guard(
        "exit of a writer that meets another's commit",
        "services/envelope/writer.py",
        "        if campaign_id in self._taken:\n",
        "        if False:\n",
    ),
    Guard(
        "epoch commit",
        "services/envelope/writer.py",
        "        if ledger.writer == self.id:\n",
        "        if True:\n",
    ),
    Guard(
        "inbox check by causation",
        "shared/journal/deciding.py",
        "if causation is not None and (causation in self._head.handled or causation in self._handled):",
        "if False:",
    ),
    Guard(
        "look at what was handled before a run is taken at once",
        "shared/journal/deciding.py",
        " or self._head.handled.has_any(ids)",
        "",
    ),
    Guard(
        "look at what the same commit handles before a run is taken at once",
        "shared/journal/deciding.py",
        "not self._handled.isdisjoint(ids) or ",
        "",
    ),
    Guard(
        "cause that comes twice in a run taken at once",
        "shared/journal/deciding.py",
        "len(ids) < len(causes) or ",
        "",
    ),
    Guard(
        "causes of a run taken at once kept for those behind it",
        "shared/journal/deciding.py",
        "        self._handled |= ids\n",
        "",
    ),
    Guard(
        "order of a run taken at once",
        "services/envelope/domain/decisions.py",
        "if not in_order or ",
        "if ",
    ),
    Guard(
        "room for a run taken at once",
        "services/envelope/domain/decisions.py",
        " or sum(amounts) > ledger.available_cents:",
        ":",
    ),
    Guard(
        "amounts of a run taken at once",
        "services/envelope/domain/decisions.py",
        "min(amounts) <= 0 or ",
        "",
    ),
    Guard(
        "dossiers of a run taken at once",
        "services/envelope/domain/decisions.py",
        "    if len(set(names)) < len(names) or ledger.reservations.has_any(names):\n",
        "    if False:\n",
    ),
    Guard(
        "those who wait before a run taken at once",
        "services/envelope/domain/decisions.py",
        "not asked or ledger.waiting or ledger.held or ledger.voided:",
        "not asked:",
    ),
    Guard(
        "epoch before a run taken at once",
        "services/envelope/writer.py",
        "ours = ledger.writer == self.id and not",
        "ours = not",
    ),
    Guard(
        "rules due before a run taken at once",
        "services/envelope/writer.py",
        " and not ledger.scheduled and",
        " and",
    ),
    Guard(
        "interruptions due before a run taken at once",
        "services/envelope/writer.py",
        "self.id and not ledger.scheduled and not ledger.interruptions",
        "self.id and not ledger.scheduled",
    ),
    Guard(
        "order gate of the inbox",
        "shared/places.py",
        "return Order.NEXT if sequence == position + 1 else Order.EARLY",
        "return Order.NEXT",
    ),
    Guard(
        "order gate of the ledger",
        "services/envelope/domain/decisions.py",
        "    if number > ledger.decided + 1:\n",
        "    if False:\n",
    ),
    Guard(
        "cap check at reserve",
        "services/envelope/domain/decisions.py",
        "if amount <= ledger.available_cents and not behind:",
        "if not behind:",
    ),
    Guard(
        "cap asserted at every event",
        "services/envelope/domain/ledger.py",
        "        assert folded.reserved_cents + folded.committed_cents <= folded.cap_cents, type(event).__name__\n",
        "",
    ),
    Guard(
        "cap asserted in a run of reservations",
        "services/envelope/domain/ledger.py",
        '        assert reserved + self.committed_cents <= self.cap_cents, "Reserved"\n',
        "",
    ),
    Guard(
        "announcement before a commit",
        "shared/journal/journal.py",
        "            await self._outbox.begin(commit.stream, commit.version)\n",
        "            pass\n",
    ),
    Guard(
        "a topic that ends before what was sent to it",
        "shared/journal/filled.py",
        "if first < self._ends.get(place, 0)}",
        "if first < 0}",
    ),
    Guard(
        "a topic that began otherwise than it is known to have",
        "shared/journal/filled.py",
        "if held.get(place, missing)[0] not in (one, None)}",
        "if False}",
    ),
    Guard(
        "mark of a topic that is being filled",
        "shared/journal/filled.py",
        'await self._put([{"_id": mark, "topic": topic, "lost": True} for mark, topic in marks.items()])',
        "pass",
    ),
    Guard(
        "reading again of a topic that began otherwise",
        "shared/origins.py",
        "            await self._reader.rewind(other)\n",
        "",
    ),
    Guard(
        "announcement of a process that stands still",
        "shared/journal/relay.py",
        "            await self._follow_abandoned()\n",
        "            pass\n",
    ),
    Guard(
        "announcement on its way is no orphan",
        "shared/journal/outbox.py",
        " | {self._coming}",
        "",
    ),
    Guard(
        "what is done is forgotten before its announcement is removed",
        "shared/journal/outbox.py",
        "            del self._mine[one.stream]\n",
        "            pass\n",
    ),
    Guard(
        "passed places that could not be removed",
        "shared/places.py",
        "            self._passed += passed\n",
        "            pass\n",
    ),
    Guard(
        "announcement kept until every stream it tells of was followed",
        "shared/journal/relay.py",
        " or None in ends.values()",
        "",
    ),
    Guard(
        "snapshot checked against the journal",
        "shared/journal/snapshots.py",
        'if commit is None or commit["hash"] != kept.head.hash:',
        "if commit is None:",
    ),
    Guard(
        "hash check",
        "shared/journal/verify.py",
        '        ("empreinte", commit.computed_hash(), commit.hash),\n',
        "",
    ),
    Guard(
        "what no relay can follow told as backlog",
        "shared/journal/relay.py",
        "            self._stuck[stream] = self._looks\n",
        "",
    ),
    Guard(
        "partition whose first messages are gone not read again",
        "shared/origins.py",
        "None if starts[one] else moment for one, moment",
        "moment for one, moment",
    ),
    Guard(
        "last look at what was empty after a filling",
        "shared/journal/filled.py",
        "                held = await self._look(filling)\n",
        "",
    ),
    Guard(
        "verification of the fields no fold looks at",
        "shared/journal/verify.py",
        "            commit.decoded()  # wholly: a fold looks at fewer fields than others read\n",
        "",
    ),
    Guard(
        "acknowledging as far as was read before more is",
        "shared/acknowledging.py",
        "        await asyncio.sleep(0)\n",
        "",
    ),
    Guard(
        "one acknowledgement at a time, and none across a rewind",
        "shared/acknowledging.py",
        "        self._last.add_done_callback(self._over)\n",
        "        self.turn.release()\n",
    ),
    Guard(
        "headers that are no text kept from FastStream",
        "shared/fetching.py",
        "await parse((replace(records[0], headers=()),))",
        "await parse(records[:1])",
    ),
)
