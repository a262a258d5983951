"""Views: one document a stream, a pure function of its fold. Delete them and rebuild them: same result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic

from shared.documents import Document, Documents
from shared.journal import Journal, commit_key
from shared.journal.journal import S

Render = Callable[[str, S], Document]


@dataclass(slots=True)
class View(Generic[S]):
    """The queryable shape of each stream of a kind. `render(key, state)` gives the fields; `_id` is the key."""

    documents: Documents
    render: Render[S]

    async def put(self, journal: Journal[S], commits: Documents, key: str, state: S, version: int) -> None:
        """Store the view of a stream; when somebody appended meanwhile, of what they appended.

        The last writer always looks once more after its write, so the newest version is what remains, without any
        conditional update (docs/adr/0001).
        """
        while True:
            await self.documents.put(self.render(key, state) | {"_id": key, "stream_version": version})
            if await commits.get(commit_key(journal.kind.stream(key), version + 1)) is None:
                return
            newer = await journal.load(key)
            state, version = newer.state, newer.version

    async def get(self, key: str) -> dict[str, Any] | None:
        return await self.documents.get(key)
