"""Objects in a bucket of S3 or of what speaks its protocol. Nothing is ever replaced: a put asks that nothing be there.

Where the bucket keeps versions under a retention of its own (object lock), what we remove is only hidden: its version
stays until the day, and can be read again by who may.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from annexa.vault.objects import (
    Listed,
    ObjectExistsError,
    ObjectKeptError,
    ObjectMissingError,
    StoreError,
    require_path,
)

KNOWN: Final = ("endpoint", "region")
"""What may follow the question mark of a bucket's URL."""
PATIENCE: Final = timedelta(seconds=30)
"""With a bucket that does not answer, or not on."""
LONGEST: Final = timedelta(minutes=5)
"""For how long the bytes of one object may be on their way."""
_PART: Final = 4 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where a bucket is, and who asks. Without a key, what the environment of AWS says."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    key: str = ""
    secret: str = ""


def read_bucket(url: str, *, key: str = "", secret: str = "") -> Bucket:
    """The bucket that a URL names: `s3://bucket/prefix?endpoint=https://host&region=eu-central-1`.

    Raises ValueError saying what is wrong.
    """
    parts = urlsplit(url)
    said = dict(parse_qsl(parts.query))
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError("write s3://bucket/prefix")
    if unknown := sorted(set(said) - set(KNOWN)):
        raise ValueError(f"{', '.join(unknown)} is not known after the question mark; known are {', '.join(KNOWN)}")
    if said.get("endpoint", "https:").split(":")[0] not in {"https", "http"}:
        raise ValueError("the endpoint must begin with https:// or http://")
    if bool(key) != bool(secret):
        raise ValueError("a key needs its secret, and a secret its key")
    return Bucket(
        name=parts.netloc, prefix=unquote(parts.path).strip("/"), endpoint=said.get("endpoint", ""),
        region=said.get("region", ""), key=key, secret=secret,
    )  # fmt: skip


class BucketObjects:
    """Objects in a bucket. Any number of processes, on any machine, may use it at once."""

    def __init__(self, bucket: Bucket, *, patience: timedelta = PATIENCE) -> None:
        """`bucket`: where they are; nothing is asked of it before it is needed. `patience`: with one that fails."""
        self._bucket = bucket
        chosen: dict[str, Any] = {
            "endpoint": bucket.endpoint, "region": bucket.region, "access_key_id": bucket.key,
            "secret_access_key": bucket.secret, "virtual_hosted_style_request": False,
            "checksum_algorithm": "SHA256",  # a bucket under object lock takes no put without one
        }  # fmt: skip
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            config={name: value for name, value in chosen.items() if value != ""},  # type: ignore[arg-type]
            client_options={
                "allow_http": bucket.endpoint.startswith("http:"),
                "timeout": LONGEST,
                "read_timeout": PATIENCE,
            },
            retry_config={"max_retries": 4, "retry_timeout": patience},
        )

    def put(self, path: str, data: bytes | memoryview) -> None:
        """Keeps bytes under a path, as the protocol says."""
        require_path(path)
        try:
            self._asked(path, lambda: obstore.put(self._store, path, bytes(data), mode="create", use_multipart=False))
        except ObjectExistsError:
            if self.get(path) != bytes(data):
                raise

    def put_file(self, path: str, file: Path) -> None:
        """Keeps the bytes of a file under a path, as the protocol says; they are in memory for it."""
        self.put(path, file.read_bytes())

    def get(self, path: str) -> bytes:
        """The bytes. Raises ObjectMissingError, StoreError."""
        require_path(path)
        return self._asked(path, lambda: bytes(obstore.get(self._store, path).bytes()))

    def parts(self, path: str) -> Iterator[bytes]:
        """The bytes, some MiB at once. Raises ObjectMissingError, StoreError."""
        require_path(path)
        found = self._asked(path, lambda: iter(obstore.get(self._store, path).stream(_PART)))
        while part := self._asked(path, lambda: next(found, None)):
            yield bytes(part)

    def get_range(self, path: str, start: int, length: int) -> bytes:
        """A part of the bytes. Raises ObjectMissingError, StoreError."""
        end = min(start + length, self.size(path))
        if end <= start:
            return b""
        return self._asked(path, lambda: bytes(obstore.get_range(self._store, path, start=start, end=end)))

    def size(self, path: str) -> int:
        """How many bytes there are. Raises ObjectMissingError, StoreError."""
        require_path(path)
        return self._asked(path, lambda: int(obstore.head(self._store, path)["size"]))

    def list(self, prefix: str) -> Iterator[Listed]:
        """What is stored below a folder, in order of paths. Raises StoreError."""
        found = self._asked(prefix, lambda: [one for some in obstore.list(self._store, prefix or None) for one in some])
        for one in sorted(found, key=lambda one: str(one["path"])):
            yield Listed(path=str(one["path"]), size=int(one["size"]), put_at=one["last_modified"])

    def delete(self, path: str) -> None:
        """Removes an object; nothing happens where there is none. Raises ObjectKeptError, StoreError."""
        require_path(path)
        try:
            obstore.delete(self._store, path)
        except NotFoundError:
            return
        except PermissionDeniedError as error:
            raise ObjectKeptError(f"{path} may not be removed: the bucket keeps it, or this key may not.") from error
        except BaseError as error:
            raise self._broken(path, error) from error

    def address(self, path: str) -> str:
        """The URL of the object."""
        return "/".join(one for one in (f"s3://{self._bucket.name}", self._bucket.prefix, path) if one)

    def options(self) -> dict[str, str]:
        """What other programs need besides to reach the bucket, by the names that AWS gives."""
        one = self._bucket
        said = {
            "AWS_ENDPOINT_URL": one.endpoint, "AWS_REGION": one.region, "AWS_ACCESS_KEY_ID": one.key,
            "AWS_SECRET_ACCESS_KEY": one.secret, "AWS_ALLOW_HTTP": "true" if one.endpoint.startswith("http:") else "",
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}

    def _asked(self, path: str, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except (NotFoundError, FileNotFoundError) as error:
            raise ObjectMissingError(f"{path} is not there.") from error
        except (AlreadyExistsError, PreconditionError) as error:
            raise ObjectExistsError(f"{path} exists already, with other bytes.") from error
        except BaseError as error:
            raise self._broken(path, error) from error

    def _broken(self, path: str, error: Exception) -> StoreError:
        """What went wrong, without what the store answered: it may quote keys."""
        refused = isinstance(error, (PermissionDeniedError, UnauthenticatedError))
        why = "it refuses the key" if refused else f"it cannot be reached or failed ({type(error).__name__})"
        return StoreError(f"The bucket {self._bucket.name}, asked for {path or 'everything'}: {why}.")
