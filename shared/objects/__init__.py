"""The object store: write-once keys, streamed, hashed on the way in, locked until a date (docs/adr/0008)."""

from shared.objects.directory import DirectoryObjects
from shared.objects.port import (
    CHUNK_BYTES,
    KeyTaken,
    ObjectMissing,
    ObjectStore,
    Retained,
    StoredObject,
    TooLarge,
    collect,
)
from shared.objects.s3 import MinioObjects

__all__ = [
    "CHUNK_BYTES",
    "DirectoryObjects",
    "KeyTaken",
    "MinioObjects",
    "ObjectMissing",
    "ObjectStore",
    "Retained",
    "StoredObject",
    "TooLarge",
    "collect",
]
