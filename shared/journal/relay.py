"""The relay: publishes what the journal holds, in order. Publishing twice is harmless, publishing never impossible."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime

import structlog

from shared import crash
from shared.crash import Step
from shared.documents import Document, Documents
from shared.errors import Unavailable
from shared.events import Event, MessageMeta
from shared.journal.commit import Commit, commit_key
from shared.journal.filled import Filled, Place, Span
from shared.journal.outbox import SWEEP_SECONDS, Outbox, told
from shared.journal.verify import in_order
from shared.rush import no_rush

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
MAX_COMMITS_PER_ROUND = 100
# An announcement that stays the same for so many sweeps is nobody's any more.
SIGHTS_OF_A_DEAD_PROCESS = 4
# What a process that seemed dead had announced is looked for again every so many looks, so many times: one that only
# stood still may insert it when it wakes.
LOOKS_BETWEEN = 15
LOOKS_AFTER_DEATH = 120
# In the first of them views are renewed too, which a request of the dead process may have replaced.
RENEWALS_AFTER_DEATH = 2

Outgoing = tuple[Event, MessageMeta]
# Sends in order; where it came to lie, for each place that got something.
Publish = Callable[[list[Outgoing]], Awaitable[Mapping[Place, Span]]]
Recover = Callable[[Commit], Awaitable[None]]
Progress = Callable[[int, int], None]


def messages(commit: Commit, topics: frozenset[str]) -> list[Outgoing]:
    """The public events of a commit with their metadata; `topics` are those its stream kind feeds."""
    sequences: dict[str, int] = json.loads(commit.sequences)
    recorded_at = datetime.fromisoformat(commit.recorded_at)
    outgoing: list[Outgoing] = []
    key, position = commit.key, 0
    for (_, correlation, causation, traceparent), events in commit.decoded():
        for event in events:
            position += 1
            topic = event.topic
            if topic is None or topic not in topics:
                continue
            sequence = sequences[topic] = sequences.get(topic, 0) + 1
            meta = MessageMeta(
                f"{key}.{position}",
                type(event).__name__,
                event.schema_version,
                commit.stream,
                commit.version,
                sequence,
                recorded_at,
                correlation,
                causation,
                traceparent,
            )
            outgoing.append((event, meta))
    return outgoing


class Relay:
    """Publishes this process's commits as they come, and what others announced and left."""

    def __init__(
        self,
        commits: Documents,
        outbox: Outbox,
        abandoned: Documents,
        filled: Filled,
        topics: Mapping[str, frozenset[str]],
        publish: Publish,
        recover: Recover,
    ) -> None:
        """`topics` by stream kind name. `recover(commit)` renews the views of a commit that nothing enqueued.
        `abandoned` keeps what processes announced that died.
        """
        self._commits = commits
        self._outbox = outbox
        self._abandoned = abandoned
        self._filled = filled
        self._topics = topics
        self._publish = publish
        self._recover = recover
        self.give_way = no_rush  # waited for before a round (shared/rush.py)
        self._pending: deque[Commit] = deque()
        self._wake = asyncio.Event()
        # Others' announcements: as they were seen last, how often, and how far each of their streams was followed.
        self._seen: dict[str, tuple[Document, int]] | None = None
        self._followed: dict[tuple[str, str], int] = {}
        # Those of the last look that have to be followed; None when that was done.
        self._due: list[Document] | None = None
        self._looks = 0
        self._looked_for = dict[str, int]()
        # Streams that failed by themselves, whoever announced them, and the look at which they did last.
        self._stuck = dict[str, int]()

    @property
    def backlog(self) -> int:
        """Commits waiting to be published by this process, and streams with others that it has yet to follow."""
        return len(self._pending) + len(self._outbox.behind | self._stuck.keys())

    def enqueue(self, commit: Commit) -> None:
        self._pending.append(commit)
        self._wake.set()

    async def look_at_topics(self) -> None:
        """Those that hold less than they were sent are filled again before anything else is published.

        Raises: Unavailable.
        """
        try:
            await self._filled.check()
        finally:
            self._tell_lost()

    async def run(self) -> None:
        """Publish until cancelled; waits through outages of the broker and the database."""
        while not await self._unless_away(self._filled.remember):  # noqa: ASYNC110 (an outage tells nobody when it ends)
            await asyncio.sleep(RETRY_SECONDS)
        async with asyncio.TaskGroup() as tasks:
            # Beside each other: a broker that is away must not let the announcements of a living process grow old.
            tasks.create_task(self._look_again_and_again())
            tasks.create_task(self._publish_what_comes())

    async def flush(self) -> None:
        """Publish what waits, then take the announcements back: a process that ends well leaves nothing to do."""
        with suppress(Unavailable):
            while self._pending:
                await self._drain()
            await self._follow_mine()
            await self._outbox.sweep()

    async def _look_again_and_again(self) -> None:
        while True:
            await self._unless_away(self._look)
            self._wake.set()
            await asyncio.sleep(SWEEP_SECONDS)

    async def _publish_what_comes(self) -> None:
        while True:
            await self._wake.wait()
            await self.give_way()
            self._wake.clear()
            if not await self._unless_away(self._drain):
                self._wake.set()
                await asyncio.sleep(RETRY_SECONDS)
            elif self._due is not None:
                await self._unless_away(self._follow_what_is_left)

    async def _unless_away(self, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except Unavailable as outage:
            log.warning("relay_waits", component=outage.component, backlog=self.backlog)
            return False
        return True

    async def _drain(self) -> None:
        """One round at most, so that what was left has its turn in between."""
        if self._filled.lost:
            await self.republish(frozenset(self._filled.lost))
        round_ = [self._pending[i] for i in range(min(len(self._pending), MAX_COMMITS_PER_ROUND))]
        if not round_:
            return
        await self._publish_all(round_)
        for commit in round_:
            self._pending.popleft()
            self._outbox.published(commit.stream, commit.version)
        if self._pending:
            self._wake.set()

    async def _publish_all(self, commits: Iterable[Commit]) -> None:
        outgoing = [one for commit in commits for one in messages(commit, self._topics_of(commit))]
        if not outgoing:
            return
        crash.reached(Step.BEFORE_PUBLISH)
        spans = await self._publish(outgoing)
        crash.reached(Step.AFTER_PUBLISH)
        await self._filled.sent(spans)
        self._tell_lost()

    def _tell_lost(self) -> None:
        if self._filled.lost:
            log.warning("topics_lost", topics=sorted(self._filled.lost))
            self._wake.set()

    def _topics_of(self, commit: Commit) -> frozenset[str]:
        return self._topics[commit.stream.split(":", 1)[0]]

    async def _look(self) -> None:
        """Renew the announcements of this process and see which of the others' stay as they are: those of an earlier
        process are followed at the first look, those of another when it gave no sign from one look to the next.
        """
        rows = await self._outbox.sweep()
        before = self._seen or {}
        seen = dict[str, tuple[Document, int]]()
        for row in rows:
            last, sights = before.get(row["_id"], (row, 0))
            seen[row["_id"]] = (row, sights + 1 if last == row else 1)
        self._due = [row for row, sights in seen.values() if self._seen is None or sights > 1]
        self._seen = seen
        self._followed = {place: version for place, version in self._followed.items() if place[0] in seen}
        # What another process could follow meanwhile is not tried here again.
        self._stuck = {stream: look for stream, look in self._stuck.items() if self._looks - look <= LOOKS_BETWEEN}

    async def _follow_what_is_left(self) -> None:
        """What this process left for later, and what others announced and seem to have left; once a look."""
        rows, self._due = self._due or [], None
        await self._follow_mine()
        for row in rows:
            await self._follow_others(row)
        if self._looks % LOOKS_BETWEEN == 0:
            await self._follow_abandoned()
        self._looks += 1

    async def _follow_others(self, row: Document) -> None:
        """Each stream by itself; a document whose process died is removed once all of them were followed."""
        key, ends = row["_id"], dict[str, int | None]()
        for stream, since in told(row).items():
            end = ends[stream] = await self._tried(stream, max(since, self._followed.get((key, stream), 0)))
            if end is not None:
                self._followed[key, stream] = end
        _, sights = (self._seen or {}).get(key, (row, 0))
        if sights < SIGHTS_OF_A_DEAD_PROCESS or None in ends.values():
            return
        left = [
            {"_id": f"{key}|{stream}", "stream": stream, "since": since, "end": ends[stream]}
            for stream, since in told(row).items()
        ]
        await asyncio.gather(*[self._abandoned.put(one) for one in left])
        await self._outbox.remove(row)

    async def _follow_mine(self) -> None:
        for mine in self._outbox.left:
            versions = list(mine.left)
            end = await self._tried(mine.stream, min(versions), mine.sent)
            if end is not None:
                self._outbox.looked(mine, versions, end)

    async def _follow_abandoned(self) -> None:
        """Once the version is there that a dead process may have been inserting, it cannot insert it any more."""
        rows = [row async for row in self._abandoned.find({})]
        self._looked_for = {row["_id"]: self._looked_for.get(row["_id"], 0) + 1 for row in rows}
        for row in rows:
            looks = self._looked_for[row["_id"]]
            first = row["since"] if looks <= RENEWALS_AFTER_DEATH else row["end"]
            end = await self._tried(row["stream"], first, row["end"])
            if end is None:
                continue
            taken = looks > RENEWALS_AFTER_DEATH and end > row["end"]
            if taken or looks >= LOOKS_AFTER_DEATH:
                await self._abandoned.remove(row["_id"])

    async def _tried(self, stream: str, version: int, sent: int = 0) -> int | None:
        """As `_follow`; None when this stream fails by itself, for which no other waits. Raises: Unavailable."""
        try:
            end = await self._follow(stream, version, sent)
        except Unavailable:
            raise
        except Exception as error:
            self._stuck[stream] = self._looks
            log.error("stream_stays_behind", stream=stream, version=version, error=type(error).__name__, exc_info=True)
            return None
        self._stuck.pop(stream, None)
        return end

    async def _follow(self, stream: str, version: int, sent: int) -> int:
        """Renew the views of a stream from a version on, and publish it from `sent` on; the version that is not there
        yet.
        """
        while document := await self._commits.get(commit_key(stream, version)):
            commit = Commit.from_document(document)
            await self._recover(commit)
            if version >= sent:
                await self._publish_all([commit])
            version += 1
        return version

    async def republish(self, topics: Iterable[str], progress: Progress = lambda _done, _total: None) -> int:
        """Publish again every commit that feeds `topics` (what they held is lost), stream after stream; `progress` of
        all commits after each. Returns how many. Raises: Unavailable, after which it has to be done again.
        """
        lost = frozenset(topics)
        await self._filled.begin_filling(lost)
        try:
            count = await self._fill(lost, progress)
        except BaseException:
            await self._filled.end_filling(lost, whole=False)
            raise
        await self._filled.end_filling(lost, whole=True)
        log.info("republished", topics=sorted(lost), commits=count)
        return count

    async def _fill(self, lost: frozenset[str], progress: Progress) -> int:
        count, read, round_ = 0, 0, list[Commit]()
        total = await self._commits.count({})
        async for document in in_order(self._commits):
            commit = Commit.from_document(document)
            if lost & self._topics_of(commit):
                round_.append(commit)
                count += 1
            if len(round_) == MAX_COMMITS_PER_ROUND:
                await self._publish_all(round_)
                round_ = []
            read += 1
            progress(read, total)
        await self._publish_all(round_)
        return count
