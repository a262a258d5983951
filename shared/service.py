"""What the five services have in common: stores, journals, views, relay, inbox, background work, health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Union

import structlog
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from faststream.specification import AsyncAPI

from shared import crash, telemetry
from shared.auth import Authenticator
from shared.bus import Producer, Publisher, make_broker, make_producer, topics_held
from shared.clock import Clock, clock
from shared.documents import Database, Documents
from shared.errors import Unavailable
from shared.events import Event, public_events
from shared.http import build_app
from shared.inbox import Handlers, Inbox
from shared.journal import Commit, Journal, StreamKind, commit_key
from shared.journal.filled import Filled
from shared.journal.journal import S
from shared.journal.outbox import Outbox
from shared.journal.relay import Progress, Relay
from shared.journal.snapshots import Snapshots
from shared.objects import DirectoryObjects, MinioObjects, ObjectStore
from shared.origins import Origins
from shared.pages import bus_page
from shared.settings import ServiceSettings
from shared.telemetry import Metrics
from shared.together import ended
from shared.views import View

log = structlog.get_logger(__name__)

BROKER_RETRY_SECONDS = 1.0
BACKGROUND_RETRY_SECONDS = 1.0
HEARTBEATS_PER_SESSION = 4
FLUSH_SECONDS = 3.0
# A topic that lost something while nothing is sent to it is noticed within this time.
TOPICS_CHECK_SECONDS = 15.0
INBOX_CHECK_SECONDS = 5.0


class Service:
    """One service's wiring. Main modules declare journals, views, handlers, timers and routers on it."""

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        self.name = name
        self.settings = settings
        self.clock: Clock = clock(settings.clock_file)
        self.database = Database(settings.mongo_url.get_secret_value(), settings.database)
        self._indexes: list[tuple[str, str]] = []
        self.commits = self.collection("journal", "stream")
        self.objects = make_objects(settings)
        self.broker = make_broker(settings.kafka_bootstrap)
        self.publisher = Publisher(self.broker)
        self.producer = Producer(lambda: make_producer(settings.kafka_bootstrap))
        self._topics: dict[str, frozenset[str]] = {}
        self._journals: dict[str, Journal[Any]] = {}
        self._views: dict[str, View[Any]] = {}
        self.inbox: Inbox | None = None
        self._timers: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        self._broker_ready = False
        self.outbox = Outbox(self.collection("outbox"))
        filled = Filled(self.collection("topics"), partial(topics_held, settings.kafka_bootstrap))
        abandoned, publish = self.collection("abandoned"), self.producer.publish
        self.relay = Relay(self.commits, self.outbox, abandoned, filled, self._topics, publish, self._recover)
        Metrics.relay_backlog.set_function(lambda: self.relay.backlog)

    # -- declaring ---------------------------------------------------------------------------------------------

    def journal(
        self, kind: StreamKind[S], render: Callable[[str, S], dict[str, Any]] | None = None, *, snapshots: bool = False
    ) -> Journal[S]:
        """The streams of a kind; with `render`, a view named after the kind is kept in step.

        `snapshots` are for the few long streams that everything waits for at a restart.
        """
        assert kind.name not in self._journals, f"{kind.name} declared twice"
        self._topics[kind.name] = kind.topics
        cache = Snapshots(kind, self.collection("snapshots"), self.commits) if snapshots else None
        outbox = self.outbox if kind.topics or render else None
        journal = Journal(kind, self.commits, self.clock, self._committed, cache, outbox)
        self._journals[kind.name] = journal
        if render is not None:
            self._views[kind.name] = View(self.collection(f"view_{kind.name}"), render)
        return journal

    @property
    def kinds(self) -> list[StreamKind[Any]]:
        """Every kind of stream declared."""
        return [journal.kind for journal in self._journals.values()]

    @property
    def renders(self) -> dict[str, Callable[[str, Any], dict[str, Any]]]:
        """How views are drawn, by kind name."""
        return {name: view.render for name, view in self._views.items()}

    def view(self, kind: StreamKind[Any]) -> Documents:
        return self._views[kind.name].documents

    def collection(self, name: str, *indexed: str) -> Documents:
        """A collection of the service's database, with an index on each field that is searched by."""
        self._indexes += [(name, field) for field in indexed]
        return self.database.collection(name)

    def consume(self, group: str, handlers: Handlers, **options: Any) -> Inbox:
        """Read every topic the handled events come from, as one consumer group (options: Inbox.attach)."""
        inbox = Inbox(group, handlers, self.collection("inbox", "stream"), self.collection("parked"), self.publisher)
        session_ms, beats = self.settings.session_timeout_ms, HEARTBEATS_PER_SESSION
        inbox.attach(self.broker, session_timeout_ms=session_ms, heartbeat_interval_ms=session_ms // beats, **options)
        self.inbox = inbox
        inbox.origins = Origins(group, self.collection("origins"), inbox.reader)
        self.every(INBOX_CHECK_SECONDS, inbox.origins.look)
        self.every(INBOX_CHECK_SECONDS, inbox.tell_missing)
        return inbox

    def every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` again and again while the service is up; an outage or a failure does not end it."""
        self._timers.append((seconds, work))

    # -- the journal's followers -------------------------------------------------------------------------------

    async def _committed(self, commit: Commit, state: Any) -> None:
        """The view first: once the relay has published a commit, nothing renews its view."""
        kind, key = commit.stream.split(":", 1)
        Metrics.commits.labels(kind).inc()
        try:
            if (view := self._views.get(kind)) is not None:
                await view.put(self._journals[kind], self.commits, key, state, commit.version)
        except BaseException as error:
            # The fact is recorded; the next sweep renews the view, and only then publishes.
            self.outbox.abandon(commit.stream, commit.version, inserted=True)
            if not isinstance(error, Unavailable):
                raise
            log.warning("view_behind", stream=commit.stream, version=commit.version)
            return
        self.relay.enqueue(commit)

    async def _recover(self, commit: Commit) -> None:
        kind, key = commit.stream.split(":", 1)
        if kind in self._views:
            await self.outbox.begin(commit.stream, commit.version)  # this process may stand still over it, or die
            try:
                await self._renew(kind, key)
            finally:
                self.outbox.abandon(commit.stream, commit.version, inserted=False)  # earlier ones may still wait

    async def _renew(self, kind: str, key: str) -> None:
        """What nobody answers may still happen, after something newer: then it is done again."""
        current = await self._journals[kind].load(key)
        try:
            await self._views[kind].put(self._journals[kind], self.commits, key, current.state, current.version)
        except BaseException:
            self.outbox.doubt(f"{kind}:{key}", current.version)
            raise

    async def rebuild_views(self, progress: Progress) -> int:
        """Make every view again from the journal while the service runs; `progress(done, total)` after each stream.

        Rows are replaced one by one, so readers always find them; rows of no stream are removed last. Returns the
        number of streams.
        """
        began = [document["stream"] async for document in self.commits.find({"version": 1})]
        shown = [stream for stream in began if stream.split(":", 1)[0] in self._views]
        for done, stream in enumerate(shown, start=1):
            kind, key = stream.split(":", 1)
            await self._renew(kind, key)
            progress(done, len(shown))
        for kind, view in self._views.items():
            async for row in view.documents.find({}):
                if await self.commits.get(commit_key(f"{kind}:{row['_id']}", 1)) is None:
                    await view.documents.remove(row["_id"])
        return len(shown)

    async def republish(self, progress: Progress) -> int:
        """Publish everything this service ever announced again, while it may be running: consumers drop what they
        have. `progress(read, total)` after each commit. Returns how many were published. Raises: Unavailable.
        """
        try:
            own = {topic for topics in self._topics.values() for topic in topics}
            return await self.relay.republish(own, progress)
        finally:
            await self.producer.stop()
            self.database.close()

    async def settled(self) -> None:
        """Wait until no snapshot is being written."""
        await asyncio.gather(*[journal.settled() for journal in self._journals.values()])

    # -- running -----------------------------------------------------------------------------------------------

    def app(self, title: str, routers: Sequence[APIRouter]) -> FastAPI:
        """The FastAPI application, with documentation pages of both interfaces."""
        self._document_publishers()
        app = build_app(title, [*routers, self._asyncapi(title)], self._lifespan, self._checks)
        app.state.authenticator = Authenticator(self.settings.oidc_issuer, self.settings.oidc_audience, self.clock)
        app.state.service = self
        return app

    def _published(self) -> list[type[Event]]:
        own = {topic for topics in self._topics.values() for topic in topics}
        return [cls for cls in public_events() if cls.topic in own]

    def _document_publishers(self) -> None:
        for topic in sorted({cls.topic or "" for cls in self._published()}):
            classes = tuple(cls for cls in self._published() if cls.topic == topic)
            self.broker.publisher(topic, schema=Union[classes], title=topic)  # noqa: UP007 (built at run time)

    def _asyncapi(self, title: str) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get("/asyncapi.json")
        async def specification() -> JSONResponse:
            return JSONResponse(AsyncAPI(self.broker, title=title).to_specification().to_jsonable())

        @router.get("/asyncapi")
        async def page() -> HTMLResponse:
            inbox = self.inbox
            read, group = (inbox.events, inbox.group) if inbox else ([], "")
            return HTMLResponse(bus_page(title, self._published(), read, group))

        return router

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        provider = telemetry.configure(self.name, self.settings.otlp_endpoint)
        crash.arm(self.settings.crash_at)
        tasks = [asyncio.create_task(self._prepare()), asyncio.create_task(self._bus())]
        tasks += [asyncio.create_task(self._kept_up("relay", self.relay.run))]
        self.every(TOPICS_CHECK_SECONDS, self.relay.look_at_topics)
        tasks += [asyncio.create_task(self._timer(seconds, work)) for seconds, work in self._timers]
        try:
            yield
        finally:
            if left := await ended(tasks):
                log.error("tasks_left", tasks=[str(task.get_coro()) for task in left])
            if self.inbox is not None:
                await self.inbox.acknowledging.settle()
            with suppress(KafkaError, OSError):
                await self.broker.stop()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.relay.flush(), FLUSH_SECONDS)
            await self.producer.stop()
            self.database.close()
            if provider is not None:
                provider.shutdown()

    async def _prepare(self) -> None:
        """Make the indexes; a database that is down is waited for, beside everything else."""
        for name, field in self._indexes:
            while True:
                try:
                    await self.database.collection(name).index(field)
                    break
                except Unavailable:
                    await asyncio.sleep(BACKGROUND_RETRY_SECONDS)

    async def _bus(self) -> None:
        """Connect when the broker can be had; a topic that is missing must not have the group left again and again."""
        while not self._broker_ready:
            try:
                await self.broker.start()
                self._broker_ready = True
            except (KafkaError, OSError) as error:
                log.warning("broker_unreachable", error=type(error).__name__)
                with suppress(KafkaError, OSError):
                    await self.broker.stop()
                await asyncio.sleep(BROKER_RETRY_SECONDS)

    async def _kept_up(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start `run` again when it fails: work in the background never ends unseen."""
        while True:
            try:
                await run()
            except Exception as error:
                log.error("background_failed", task=name, error=type(error).__name__, exc_info=True)
            await asyncio.sleep(BACKGROUND_RETRY_SECONDS)

    async def _timer(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Unavailable as outage:
                log.warning("timer_waits", component=outage.component)
            except Exception as error:
                log.error("timer_failed", error=type(error).__name__, exc_info=True)
            await asyncio.sleep(seconds)

    async def _checks(self) -> dict[str, bool]:
        async def up(check: Callable[[], Awaitable[Any]]) -> bool:
            try:
                await check()
            except Unavailable:
                return False
            return True

        database, objects = await asyncio.gather(up(self.database.check), up(self.objects.check))
        broker = self._broker_ready and await self.broker.ping(timeout=2.0)
        return {"database": database, "objects": objects, "broker": broker}


def make_objects(settings: ServiceSettings) -> ObjectStore:
    if settings.objects_directory:
        return DirectoryObjects(settings.objects_directory)
    assert settings.s3_endpoint, "settings hold a directory or an endpoint with its keys"
    assert settings.s3_access_key is not None
    assert settings.s3_secret_key is not None
    return MinioObjects(
        settings.s3_endpoint,
        settings.s3_access_key.get_secret_value(),
        settings.s3_secret_key.get_secret_value(),
        settings.s3_bucket,
        secure=settings.s3_secure,
    )
