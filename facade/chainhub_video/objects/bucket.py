"""Read, write and swap objects in one bucket, through obstore (extra `cloud`); the only module that knows it.

Credentials, endpoint and timeouts come from the environment, as obstore reads it. All methods block. What fails is
tried again by obstore within a bound; then it is an `OSError` that names the place and what to do.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.errors import ConfigurationError
from chainhub_video.objects.address import ObjectAddress
from chainhub_video.text import shorten

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from chainhub_video.policies import RetryPolicy

log = logging.getLogger("chainhub_video")

LONGEST_WRITE = (
    150.0  # seconds after which a write has surely ended, with its answer lost and looked for
)
PART = 5 << 20  # bytes of a part: what S3 wants at least, and others take
_TRIES_FOR = 45.0  # seconds from the first try of a request, after which it is not tried again
_TRIES = 8
_AT_ONCE = 3  # parts that are on their way together
_users: dict[str, int] = {}  # the process that used obstore first
_ENVIRONMENT = ("AWS_", "GOOGLE_", "AZURE_")
_MARK = (
    "chainhubupload"  # of an object's metadata: whose upload it was; one word, as proxies want it
)
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_UNKNOWN_HEADER = re.compile("501 Not Implemented")
_NO_CREDENTIALS = re.compile(
    r"/latest/(api|meta-data)|computeMetadata|CredentialsProvider|no credentials", re.IGNORECASE
)
_DENIED = re.compile("403 Forbidden|401 Unauthorized")
_REGION = re.compile(r"\bregion\b|PermanentRedirect|301 Moved", re.IGNORECASE)
_ADVICE = {
    _NO_BUCKET: "there is no such bucket: create it, or correct the address",
    _NO_CREDENTIALS: "no credentials were found: set those of the store, such as AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY",
    _REGION: "the bucket is in another region: set AWS_REGION to it",
    _DENIED: "access is denied: the credentials must be allowed to read, write and list there",
    re.compile(
        "builder error"
    ): "its endpoint is plain http: set AWS_ALLOW_HTTP=true if that is meant",
    re.compile("Account must be specified"): "set AZURE_STORAGE_ACCOUNT_NAME",
}


class StoreFailed(OSError):
    """The store refused, or did not answer in time. The message names the place and what to do."""


class NoConditions(StoreFailed):
    """The store does not keep two writers apart, so that no receipt can be claimed in it."""


@attrs.frozen
class StoredObject:
    """An object as it was read.

    Attributes:
        data: its content.
        version: what a swap names it by.
        modified: when it was written, by the store's own clock.
    """

    data: bytes
    version: Mapping[str, str]
    modified: datetime


@attrs.frozen
class ObjectFacts:
    """What is known of an object without reading it.

    Attributes:
        size: bytes.
        etag: the store's name for its content, or None.
        mark: that of the upload which made it, or None.
    """

    size: int
    etag: str | None
    mark: str | None


def bucket_at(address: ObjectAddress, retry: RetryPolicy) -> Bucket:
    """Return the bucket of an address; the same one for the same environment, so that its connections are kept.

    Args:
        address: of an object.
        retry: how long the pauses are before a request is sent again.

    Raises:
        ConfigurationError: obstore is not installed, or cannot be set up by the environment; or this process was
            forked from one that has used it.
    """
    user = _users.setdefault("obstore", os.getpid())
    if user != os.getpid():  # its threads are the parent's, and it would wait for them for ever
        raise ConfigurationError(
            f"{address.url}: this process was forked after obstore had been used in it: start processes with "
            "spawn or forkserver, or use buckets in the children only"
        )
    surroundings = {k: v for k, v in os.environ.items() if k.upper().startswith(_ENVIRONMENT)}
    return _bucket(address.bucket_url, retry, tuple(sorted(surroundings.items())))


@lru_cache(maxsize=64)
def _bucket(url: str, retry: RetryPolicy, _surroundings: tuple[tuple[str, str], ...], /) -> Bucket:
    try:
        from obstore.store import from_url
    except ImportError as error:
        raise ConfigurationError(
            f"{url}: object stores need obstore: pip install 'chainhub-video[cloud]'"
        ) from error
    pauses: Any = {
        "init_backoff": timedelta(seconds=retry.first),
        "max_backoff": timedelta(seconds=retry.maximum),
    }
    limits: Any = {
        "max_retries": _TRIES,
        "retry_timeout": timedelta(seconds=_TRIES_FOR),
        "backoff": pauses,
    }
    # A claim rests on conditions, whatever AWS_CONDITIONAL_PUT says: whether a store keeps to them, the probe tells.
    conditions: Any = {"conditional_put": "etag"} if url.startswith("s3:") else {}
    try:
        # Options of the HTTP client would replace those of the environment, so that there are none.
        return Bucket(url, from_url(url, retry_config=limits, **conditions))
    except Exception as error:
        raise ConfigurationError(f"{url} cannot be used: {_reason(error)}") from error


class Bucket:
    """One bucket.

    Args:
        url: its address.
        store: obstore's.
    """

    def __init__(self, url: str, store: ObjectStore) -> None:
        self.url = url
        self._store = store
        self._lock = Lock()
        self._keeps_conditions = self._asked_time = False
        self._clock: tuple[datetime, float] | None = None  # the store's, and ours at that time

    def read(self, key: str) -> StoredObject | None:
        """Return an object, or None if there is none.

        Raises:
            StoreFailed: the store refused, or did not answer.
        """
        try:
            found = self._store.get(key)
            data = bytes(found.bytes())
        except FileNotFoundError as error:
            if _NO_BUCKET.search(str(error)):
                raise self._failed("read", key, error) from error
            return None
        except Exception as error:
            raise self._failed("read", key, error) from error
        return StoredObject(data, _version(found.meta), found.meta["last_modified"])

    def create(self, key: str, data: bytes) -> bool:
        """Put an object where there is none; return whether there was none.

        Raises:
            StoreFailed: the store refused, or did not answer: it may have been put all the same.
        """
        return self._put_if(key, data, "create")

    def replace(self, key: str, data: bytes, version: Mapping[str, str]) -> bool:
        """Put an object in place of one version of it; return whether that was still there.

        Raises:
            StoreFailed: the store refused, or did not answer: it may have been put all the same.
        """
        return self._put_if(key, data, dict(version))

    def _put_if(self, key: str, data: bytes, mode: Any) -> bool:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            self._store.put(key, data, mode=mode)
        except (AlreadyExistsError, PreconditionError):
            return False
        except FileNotFoundError as error:
            if mode != "create" and not _NO_BUCKET.search(str(error)):
                return False  # it has been removed
            raise self._failed("written", key, error) from error
        except Exception as error:
            if _UNKNOWN_HEADER.search(str(error)):
                raise self._without("conditional puts") from error
            raise self._failed("written", key, error) from error
        return True

    def facts(self, key: str) -> ObjectFacts | None:
        """Return what is known of an object, or None if there is none.

        Raises:
            StoreFailed: the store refused, or did not answer.
        """
        try:
            options: Any = {"head": True}
            found = self._store.get(key, options=options)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._failed("looked at", key, error) from error
        marks = {str(name).lower(): text for name, text in found.attributes.items()}
        return ObjectFacts(found.meta["size"], found.meta["e_tag"], marks.get(_MARK))

    def upload(
        self, key: str, blocks: bytes | Iterable[bytes | bytearray], mark: str
    ) -> str | None:
        """Put an object whole; from an iterator in parts, as they come, and visible only after the last one.

        Args:
            key: of the object.
            blocks: its content. What the iterator raises is raised again, and ends the upload without an object.
            mark: kept with the object.

        Returns:
            Its etag, if the store gives one.

        Raises:
            StoreFailed: the store refused, or did not answer.
        """
        known: Any = {"Content-Type": "video/mp4", _MARK: mark}
        in_parts = not isinstance(blocks, bytes)
        try:
            put = self._store.put(
                key, blocks, attributes=known, use_multipart=in_parts, chunk_size=PART, max_concurrency=_AT_ONCE
            )  # fmt: skip
            return put["e_tag"]
        except UploadEnded:
            raise
        except Exception as error:
            # The last request is sent again if its answer is lost, and then finds its upload gone.
            if (landed := self._landed(key, mark)) is not None:
                return landed.etag
            raise self._failed("written", key, error) from error

    def _landed(self, key: str, mark: str) -> ObjectFacts | None:
        try:
            found = self.facts(key)
        except StoreFailed:
            return None
        return found if found is not None and found.mark == mark else None

    def names(self, prefix: str) -> Iterator[str]:
        """Give the keys of all objects below a prefix, a page at a time.

        Raises:
            StoreFailed: the store refused, or did not answer.
        """
        try:
            for page in self._store.list(prefix or None):
                yield from (found["path"] for found in page)
        except Exception as error:
            raise self._failed("listed", prefix, error) from error

    def check_conditions(self, key: str) -> None:
        """Make sure, once a process, that the store refuses to put what is there already, or has changed.

        A small object beside the key tells it, and is removed again. It also tells the store's time.

        Args:
            key: near which the object is put, since not every prefix may be open to us.

        Raises:
            NoConditions: it does not.
            StoreFailed: it refused, or did not answer.
        """
        with self._lock:
            if self._keeps_conditions:
                return
            folder = key.rpartition("/")[0]
            probe = f"{folder}/" if folder else ""
            probe += f".chainhub-probe-{secrets.token_hex(8)}"
            self.create(probe, b"1")
            try:
                self._probe(probe)
            finally:
                self._remove(probe)
            self._keeps_conditions = True

    def _probe(self, probe: str) -> None:
        create_only = "If-None-Match (a create-only put)"
        conditional = "If-Match (a conditional put)"
        # A put of ours whose answer was lost is refused as well: what is there in the end tells.
        if self.create(probe, b"2"):
            raise self._without(create_only)
        first = self.read(probe)
        if first is None or first.data != b"1":
            raise self._without(create_only)
        if not first.version:
            raise self._without("etags")
        self.replace(probe, b"3", first.version)
        if self.replace(probe, b"4", first.version):
            raise self._without(conditional)
        last = self.read(probe)
        if last is None or last.data != b"3":
            raise self._without(conditional)
        self._clock = last.modified, time.monotonic()

    def _without(self, what: str) -> NoConditions:
        return NoConditions(
            f"{self.url} does not keep to {what}, so that two processes could pay for one video: use another store, "
            "or keep the receipts elsewhere (receipts=)"
        )

    def _remove(self, key: str) -> None:
        try:
            self._store.delete(key)
        except Exception as error:  # noqa: BLE001 - tidying up is no reason to fail
            log.warning("%s/%s could not be removed (%s): remove it", self.url, key, _reason(error))

    def age(self, key: str, modified: datetime, *, ask: bool) -> float | None:
        """Return how many seconds ago the store wrote an object, at the least, by its own clock; None if unknown.

        Args:
            key: of the object.
            modified: when it was written, as the store says.
            ask: whether to ask the store for its time, which takes a write, if that was not done yet.
        """
        if ask and not self._asked_time:  # whoever may not write does not ask at every look
            self._asked_time = True
            with suppress(StoreFailed):
                self.check_conditions(key)
        if self._clock is None:
            return None
        then, ours = self._clock
        # Both times are cut to whole seconds.
        return max(0.0, (then - modified).total_seconds() - 1.0 + time.monotonic() - ours)

    def _failed(self, action: str, key: str, error: Exception) -> StoreFailed:
        return StoreFailed(f"{self.url}/{key} could not be {action}: {_reason(error)}")


class UploadEnded(Exception):
    """Whoever fed an upload has ended it: there will be no object."""


def _version(told: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a swap names a version by; stores differ in which of the two they give."""
    return {name: told[name] for name in ("e_tag", "version") if told.get(name) is not None}


def _reason(error: Exception) -> str:
    """Return what a failure means, and what to do, on one line."""
    text = str(error)
    told = shorten(re.sub(r"<\?xml[^>]*>|</?\w+/?>", " ", text.partition("\n\nDebug")[0]))
    for pattern, advice in _ADVICE.items():
        if pattern.search(text):
            return f"{advice} ({told})"
    return f"the store did not do it: run it again later, or choose another place ({told})"
