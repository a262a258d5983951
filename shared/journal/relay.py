"""The outbox: publishes what the journal holds, in order, then marks it. Publishing twice is harmless."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime

import structlog

from shared import crash
from shared.crash import Step
from shared.documents import Documents
from shared.errors import Unavailable
from shared.events import Event, MessageMeta
from shared.journal.commit import Commit

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 5.0
RETRY_SECONDS = 1.0
MAX_COMMITS_PER_ROUND = 100

Outgoing = tuple[Event, MessageMeta]
Publish = Callable[[list[Outgoing]], Awaitable[None]]
Recover = Callable[[Commit], Awaitable[None]]


def messages(commit: Commit, topics: frozenset[str]) -> list[Outgoing]:
    """The public events of a commit with their metadata; `topics` are those its stream kind feeds."""
    sequences: dict[str, int] = json.loads(commit.sequences)
    outgoing: list[Outgoing] = []
    position = 0
    for entry in commit.decoded():
        for event in entry.events:
            position += 1
            if event.topic is None or event.topic not in topics:
                continue
            sequences[event.topic] = sequences.get(event.topic, 0) + 1
            meta = MessageMeta(
                id=f"{commit.key}.{position}",
                type=type(event).__name__,
                schema_version=event.schema_version,
                stream=commit.stream,
                version=commit.version,
                sequence=sequences[event.topic],
                time=datetime.fromisoformat(commit.recorded_at),
                correlation=entry.cause.correlation,
                causation=entry.cause.causation,
                traceparent=entry.cause.traceparent,
            )
            outgoing.append((event, meta))
    return outgoing


class Relay:
    """Publishes this process's commits as they come, and sweeps up what others left unmarked."""

    def __init__(
        self, commits: Documents, topics: Mapping[str, frozenset[str]], publish: Publish, recover: Recover
    ) -> None:
        """`topics` by stream kind name. `recover(commit)` renews the views of a commit found unmarked."""
        self._commits = commits
        self._topics = topics
        self._publish = publish
        self._recover = recover
        self._pending: deque[Commit] = deque()
        self._wake = asyncio.Event()
        self._suspects: set[str] = set()

    @property
    def backlog(self) -> int:
        """Commits waiting to be published by this process."""
        return len(self._pending)

    def enqueue(self, commit: Commit) -> None:
        self._pending.append(commit)
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled; waits through outages of the broker and the database."""
        await self._through_outages(self._sweep_everything)
        loop = asyncio.get_running_loop()
        swept = loop.time()
        while True:
            await self._through_outages(self._drain)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)
            if loop.time() - swept >= SWEEP_SECONDS:  # however busy this process is
                await self._through_outages(self._sweep_suspects)
                swept = loop.time()
            self._wake.clear()

    async def _through_outages(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await step()
            except Unavailable as outage:
                log.warning("relay_waits", component=outage.component, backlog=self.backlog)
                await asyncio.sleep(RETRY_SECONDS)

    async def _drain(self) -> None:
        while self._pending:
            round_ = [self._pending[i] for i in range(min(len(self._pending), MAX_COMMITS_PER_ROUND))]
            await self._publish_all(round_)
            for _ in round_:
                self._pending.popleft()

    async def _publish_all(self, commits: Iterable[Commit]) -> None:
        commits = list(commits)
        outgoing = [message for commit in commits for message in messages(commit, self._topics_of(commit))]
        if outgoing:
            crash.reached(Step.BEFORE_PUBLISH)
            await self._publish(outgoing)
            crash.reached(Step.AFTER_PUBLISH)
        for commit in commits:
            await self._commits.mark(commit.key, {"published": True})

    def _topics_of(self, commit: Commit) -> frozenset[str]:
        return self._topics[commit.stream.split(":", 1)[0]]

    async def _unmarked(self) -> list[Commit]:
        found = self._commits.find({"published": False})
        commits = [Commit.from_document(document) async for document in found]
        return sorted(commits, key=lambda commit: (commit.stream, commit.version))

    async def _sweep_everything(self) -> None:
        """What an earlier process left: its views may be behind and its messages unsent."""
        for commit in await self._unmarked():
            await self._recover(commit)
            await self._publish_all([commit])

    async def _sweep_suspects(self) -> None:
        """What another process left: unmarked in two sweeps running and not ours to publish."""
        mine = {commit.key for commit in self._pending}
        unmarked = [commit for commit in await self._unmarked() if commit.key not in mine]
        for commit in unmarked:
            if commit.key in self._suspects:
                await self._recover(commit)
                await self._publish_all([commit])
        self._suspects = {commit.key for commit in unmarked}

    async def published(self) -> Counter[str]:
        """How many messages each topic was sent, as the journal has it."""
        newest = dict[str, Commit]()
        async for document in self._commits.find({"published": True}):
            commit = Commit.from_document(document)
            if commit.stream not in newest or commit.version > newest[commit.stream].version:
                newest[commit.stream] = commit
        sent = Counter[str]()
        for commit in newest.values():
            topics = self._topics_of(commit)
            sent.update({topic: count for topic, count in json.loads(commit.sequences).items() if topic in topics})
            sent.update(event.topic for event, _ in messages(commit, topics) if event.topic)
        return sent

    async def republish(self, topics: Iterable[str]) -> int:
        """Publish again every commit that feeds `topics` (what they held is lost). Returns how many commits."""
        lost = frozenset(topics)
        found = self._commits.find({})
        commits = sorted(
            [Commit.from_document(document) async for document in found],
            key=lambda commit: (commit.recorded_at, commit.stream, commit.version),
        )
        commits = [commit for commit in commits if lost & self._topics_of(commit)]
        for start in range(0, len(commits), MAX_COMMITS_PER_ROUND):
            await self._publish_all(commits[start : start + MAX_COMMITS_PER_ROUND])
        return len(commits)
