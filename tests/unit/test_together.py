"""Many small requests as few large ones: order, limits, and an answer to each."""

import asyncio
from typing import Any

import pytest

from shared.documents import MongoDocuments
from shared.together import Together


class Post:
    """Takes what is sent when it is let to; `refused` items get an error of their own."""

    def __init__(self, limit: int = 10) -> None:
        self.sent: list[list[str]] = []
        self.refused: dict[str, Exception] = {}
        self.failure: BaseException | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.began = asyncio.Event()
        self.together = Together[str, None](self._send, lambda item: item.split("=")[0], limit)

    async def _send(self, items: list[str]) -> list[Exception | None]:
        self.sent.append(items)
        self.began.set()
        await self.open.wait()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        return [self.refused.get(item) for item in items]

    async def begun(self, *items: str) -> list[asyncio.Task[None]]:
        """Items that are on their way, the first of them alone."""
        self.open.clear()
        tasks = [asyncio.create_task(self.together.add(items[0]))]
        await self.began.wait()
        tasks += [asyncio.create_task(self.together.add(item)) for item in items[1:]]
        await asyncio.sleep(0)
        return tasks


async def test_a_lone_item_goes_at_once():
    post = Post()
    await post.together.add("a")
    await post.together.add("b")
    assert post.sent == [["a"], ["b"]]


async def test_what_comes_while_one_is_under_way_goes_together_in_order():
    post = Post()
    tasks = await post.begun("a", "c", "b", "d")
    post.open.set()
    await asyncio.gather(*tasks)
    assert post.sent == [["a"], ["c", "b", "d"]]


async def test_no_more_than_the_limit_goes_at_once():
    post = Post(limit=2)
    tasks = await post.begun(*"abcdef")
    post.open.set()
    await asyncio.gather(*tasks)
    assert post.sent == [["a"], ["b", "c"], ["d", "e"], ["f"]]


async def test_two_items_of_one_key_go_one_after_the_other():
    post = Post()
    tasks = await post.begun("x", "a=1", "b=1", "a=2", "c=1")
    post.open.set()
    await asyncio.gather(*tasks)
    assert post.sent == [["x"], ["a=1", "b=1"], ["a=2", "c=1"]]


async def test_each_item_gets_its_own_outcome():
    post = Post()
    post.refused["b"] = KeyError("b")
    tasks = await post.begun("x", "a", "b", "c")
    post.open.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), type(None), KeyError, type(None)]


async def test_what_fails_as_a_whole_fails_for_all_of_it_and_for_nobody_after():
    post = Post(limit=2)
    tasks = await post.begun("x", "a", "b", "c")
    await asyncio.sleep(0)
    post.failure = OSError("away")
    post.open.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, type(None), type(None), type(None)]
    post.failure = OSError("away")
    answers = await asyncio.gather(*[post.together.add(item) for item in "abc"], return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError, type(None)]


async def test_who_no_longer_waits_takes_nothing_from_the_others():
    post = Post()
    tasks = await post.begun("x", "a", "b")
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.sleep(0)
    post.open.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError, asyncio.CancelledError, type(None)]
    assert post.sent == [["x"], ["a", "b"]]


async def test_a_send_that_forgets_an_item_is_told_to_everybody():
    async def forget(_: list[str]) -> list[Exception | None]:
        return []

    with pytest.raises(AssertionError, match="one answer an item"):
        await Together[str, None](forget, str, 10).add("a")


async def test_a_sender_that_was_stopped_is_replaced_by_the_next_request():
    post = Post()
    tasks = await post.begun("x")
    worker = post.together._worker
    assert worker is not None
    worker.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError]
    post.open.set()
    await post.together.add("y")
    assert post.sent == [["x"], ["y"]]


async def test_what_is_asked_for_comes_to_who_asked():
    async def ask(items: list[str]) -> list[int | Exception]:
        return [len(item) if item else ValueError(item) for item in items]

    together = Together[str, int](ask, str, 10)
    assert await asyncio.gather(*[together.add(item) for item in ("a", "bbb", "cc")]) == [1, 3, 2]
    with pytest.raises(ValueError, match=r"^$"):
        await together.add("")


class Collection:
    """What of motor's answers a read; one document, read anew each time."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def find_one(self, query):
        self.asked.append([query["_id"]])
        return await asyncio.sleep(0, {"_id": query["_id"], "lines": []})

    def find(self, query, **_):
        self.asked.append(query["_id"]["$in"])
        return self

    async def to_list(self, _):
        return [{"_id": key, "lines": []} for key in self.asked[-1] if key != "nobody"]


async def test_many_who_read_one_document_do_so_together_and_each_has_its_own():
    documents: Any = MongoDocuments(collection := Collection())  # pyright: ignore[reportArgumentType]
    read = await asyncio.gather(*[documents.get(key) for key in ("a", "a", "b", "nobody", "a", "nobody")])
    assert collection.asked == [["a", "b", "nobody"]]
    assert [one and one["_id"] for one in read] == ["a", "a", "b", None, "a", None]
    for one in read:
        if one is not None:
            assert one["lines"] == []
            one["lines"].append("mine")
