"""S3: the one client of this process, as a file system, and what each other library must be told of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from boto3.exceptions import Boto3Error, S3UploadFailedError
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.parsers import ResponseParserError
from fsspec import AbstractFileSystem
from fsspec.spec import AbstractBufferedFile
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from platform_assets.lake.storage import answers, credentials, trust
from platform_assets.lake.storage.answers import REPLACED, Store
from platform_assets.lake.storage.endpoint import require_url
from platform_assets.lake.storage.proxies import refuse_unfollowed
from platform_assets.lake.storage.refusals import NO_TAG, UNCONDITIONAL, Refused, StoreError

_SCHEME = "s3://"
_PROBE = ".conditional_writes"
# The first try counts; the waits between grow to 20 s, so that a store that is slow for a minute is waited for.
ATTEMPTS = 10
_BLOCK = 8 << 20
_KEYS_OF_A_DELETE = 1000
# The first two are where Spark puts what it finds in its driver's environment, and takes it to every worker.
_SPARK_CREDENTIALS = (
    "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider",
    "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
)
# Where `deltalake` and the embedded engine look for an endpoint.
_RUST_ENDPOINTS = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
# With an endpoint that it is given, Java's client refuses to look for one of two IP versions as well.
_NO_DUALSTACK = "-Daws.useDualstackEndpoint=false"
# A write that must not replace anything met something there, or another such write; a store that knows none.
_WAS_THERE = {*REPLACED, "409", "ConditionalRequestConflict"}
_UNKNOWN_WRITES = {"501", "NotImplemented"}
# Every listing has some of these, also that of an empty bucket.
_OF_A_LISTING = {"Name", "KeyCount", "IsTruncated", "Contents", "CommonPrefixes"}
_NO_DELETE_OF_MANY = re.compile(
    "content-md5|contentmd5|checksum|NotImplemented|MethodNotAllowed|^(405|501):", re.IGNORECASE
)


@cache
def client() -> Any:
    """The boto3 client of this process: credentials, region and endpoint as AWS variables, profiles and roles say.

    Raises `StoreError` when these are none, and `PlatformError` when another client would not understand them.
    """
    require_url()
    # By the library's `max_attempts` the first try would not count.
    retries = Config(retries={"total_max_attempts": ATTEMPTS, "mode": "standard"})
    with credentials.finding():
        session = boto3.session.Session()
        made = session.client("s3", region_name=region(), config=retries)
    credentials.seen_by(made, session)
    answers.refuse_others(made)
    refuse_unfollowed(made.meta.endpoint_url)
    if made.meta.endpoint_url.startswith("https:") and (bundle := trust.bundle_of_boto3()):
        trust.share(bundle)
    return made


def region() -> str | None:
    """The region that is asked for, None for that of the profile."""
    return os.environ.get("AWS_REGION")


def own_certificates() -> set[str]:
    """Those by which alone the store is trusted; none where it is trusted as by everybody, or speaks plain HTTP."""
    bundle = trust.bundle_of_boto3()
    return trust.certificates_of(bundle) if bundle and _endpoints(client())[0].startswith("https:") else set()


def endpoint() -> str | None:
    """Where boto3 calls the store, None for Amazon's standard endpoint of the region."""
    url, standard = _endpoints(client())
    return None if url in standard else url


@cache
def _endpoints(of: Any) -> tuple[str, frozenset[str]]:
    """Where boto3 calls the store, and where it would if nothing but the region were set.

    The client's own `meta.endpoint_url` is another one with FIPS.
    """
    with credentials.finding():
        session = boto3.session.Session()

    def address(region: str | None, **settings: Any) -> str:
        # By a signed URL alone a client tells the endpoint, and with path style alone it is that of the region.
        config = Config(signature_version=UNSIGNED, **{"s3": {"addressing_style": "path"}} | settings)
        with credentials.finding():
            asked = session.client("s3", region_name=region, config=config)
        url: str = asked.generate_presigned_url("list_buckets")
        return url.rstrip("/")

    plain = {"ignore_configured_endpoint_urls": True, "use_fips_endpoint": False, "use_dualstack_endpoint": False}
    # That of us-east-1 has two names.
    forms = ({"addressing_style": "path", "us_east_1_regional_endpoint": form} for form in ("regional", "legacy"))
    return address(region()), frozenset(address(of.meta.region_name, s3=form, **plain) for form in forms)


def delta_options() -> dict[str, str]:
    """What `deltalake`, and the embedded engine, must be told; credentials they find as the client does."""
    options = {"AWS_REGION": str(client().meta.region_name)}
    url, standard = _endpoints(client())
    # The standard endpoint that they know (those of other partitions, such as China's, are named otherwise), unless
    # they would find another one themselves, which boto3 does not call.
    known = url in standard and f"https://s3.{client().meta.region_name}.amazonaws.com" in standard
    if not known or any(name in os.environ for name in _RUST_ENDPOINTS):
        # Of other stores than Amazon's, `deltalake` would take credentials from the environment only.
        options |= {"AWS_ENDPOINT": url, "AWS_ALLOW_HTTP": "true", "AWS_FORCE_CREDENTIAL_LOAD": "true"}
    return options


def spark_options() -> dict[str, str]:
    """What Apache Spark must be told of its file system S3A; credentials it finds as the client does."""
    options = {
        "spark.hadoop.fs.s3a.endpoint.region": str(client().meta.region_name),
        "spark.hadoop.fs.s3a.aws.credentials.provider": ",".join(_SPARK_CREDENTIALS),
    }
    if url := endpoint():
        options |= {
            "spark.hadoop.fs.s3a.endpoint": url,
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": str(url.startswith("https:")).lower(),
        }
        if client().meta.config.use_dualstack_endpoint:
            options |= {f"spark.{process}.defaultJavaOptions": _NO_DUALSTACK for process in ("driver", "executor")}
    return options


class S3FileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Buckets as `fsspec` sees storage: paths are `<bucket>/<key>`; a folder is there when an object is in it.

    Raises `FileNotFoundError` for what is absent, and `StoreError`, in a sentence, for what the store refuses.
    """

    protocol = "s3"

    def ls(self, path: str, detail: bool = True, after: str = "", **_: Any) -> list[Any]:
        """Objects and folders directly below a folder; `after` a name, if one is given."""
        bucket, key = _split(path)
        prefix = f"{key}/" if key else ""
        found: list[dict[str, Any]] = []
        start = {"StartAfter": f"{prefix}{after}"} if after else {}
        for page in _pages(bucket, Prefix=prefix, Delimiter="/", **start):
            found += [
                {"name": f"{bucket}/{folder['Prefix'].rstrip('/')}", "size": 0, "type": "directory"}
                for folder in page.get("CommonPrefixes", [])
            ]
            # Some tools mark a folder by an empty object with the folder's name.
            found += [_about(bucket, one) for one in page.get("Contents", []) if not one["Key"].endswith("/")]
        if not found and key and not after:
            found = [one for one in [self.info(path)] if one["type"] != "directory"]  # a marked folder may be empty
        return found if detail else [one["name"] for one in found]

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **_: Any
    ) -> Any:
        """Every object below a folder, in one listing."""
        if maxdepth is not None or withdirs:
            return super().find(path, maxdepth, withdirs, detail)
        bucket, key = _split(path)
        listed = _pages(bucket, Prefix=f"{key}/" if key else "")
        objects = [one for page in listed for one in page.get("Contents", []) if not one["Key"].endswith("/")]
        found = {f"{bucket}/{one['Key']}": _about(bucket, one) for one in objects}
        return found if detail else list(found)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, size, type and time of an object, or of a folder."""
        bucket, key = _split(path)
        if key:
            try:
                with _refusals(bucket):
                    head = client().head_object(Bucket=bucket, Key=key)
            except FileNotFoundError:
                pass
            except StoreError as error:
                if isinstance(error.__cause__, ClientError):
                    reach(path)  # which is told why: to a question by HEAD a store gives no reason
                raise
            else:
                return _about(bucket, {"Key": key, "Size": head.get("ContentLength", 0), **head})
        # A bucket is there, too, when nothing is in it; one that is not there is refused.
        if not any(page.get("Contents") for page in _pages(bucket, Prefix=f"{key}/" if key else "", MaxKeys=1)) and key:
            raise FileNotFoundError(f"{_SCHEME}{bucket}/{key}")
        return {"name": f"{bucket}/{key}".rstrip("/"), "size": 0, "type": "directory"}

    def exists(self, path: str, **_: Any) -> bool:
        """Whether an object or folder is there; raises for what cannot be known."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def rm(self, path: str, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove an object, or a folder and all that lies in it."""
        bucket, key = _split(path)
        # With the empty objects, named `folder/`, by which some tools mark folders.
        listed = _pages(bucket, Prefix=f"{key}/") if recursive else ()
        keys = [one["Key"] for page in listed for one in page.get("Contents", [])] or [key]
        for first in range(0, len(keys), _KEYS_OF_A_DELETE):
            with _refusals(bucket):
                _delete(bucket, keys[first : first + _KEYS_OF_A_DELETE])

    def put_file(self, lpath: str, rpath: str, **_: Any) -> None:
        """Upload a file of this machine; the object appears whole, at the end, or not at all."""
        bucket, key = _split(rpath)
        with _refusals(bucket):
            client().upload_file(lpath, bucket, key)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy an object, which does not leave the store; the new one appears whole, at the end, or not at all."""
        (bucket, key), (to_bucket, to_key) = _split(path1), _split(path2)
        # With the tag, an object that is replaced meanwhile is refused, not copied half old and half new.
        as_seen = {"CopySourceIfMatch": _tag(bucket, key, self.info(path1))}
        with _refusals(bucket):
            client().copy({"Bucket": bucket, "Key": key}, to_bucket, to_key, ExtraArgs=as_seen)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Nothing: a folder is there as soon as an object is."""

    def _open(self, path: str, mode: str = "rb", **_: Any) -> S3File:
        if mode != "rb":
            raise NotImplementedError("objects are written by `put_file`")
        return S3File(self, path, block_size=_BLOCK)


def require_conditional_writes(url: str) -> None:
    """Raise `Refused` where a store does not know, or ignores, that a write must not replace what is there.

    An object that stays there for good answers it: after its first day there is one request.
    """
    bucket, key = _split(f"{url}/{_PROBE}")
    for _ in range(2):
        with _refusals(bucket):
            try:
                client().put_object(Bucket=bucket, Key=key, Body=b"", IfNoneMatch="*")
            except ClientError as error:
                said = error.response.get("Error", {})
                if said.get("Code") in _WAS_THERE:
                    return
                if said.get("Code") not in _UNKNOWN_WRITES:
                    raise
                # What a store does not know may be another part of the request: it refuses that here, too.
                client().put_object(Bucket=bucket, Key=key, Body=b"")
                why = f"{said.get('Code')}: {said.get('Message')}"
                raise Refused(UNCONDITIONAL.format(bucket=bucket, why=f" ({why.rstrip('.')})")) from error
    raise Refused(UNCONDITIONAL.format(bucket=bucket, why=""))


class S3File(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """An object, read in blocks, each fetched again when the connection breaks."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        bucket, key = _split(self.path)
        tries = Retrying(
            retry=retry_if_exception_type((HTTPClientError, IncompleteReadError)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.1, max=20),
            reraise=True,
        )
        with _refusals(bucket):
            return tries(_block, bucket, key, f"bytes={start}-{end - 1}", _tag(bucket, key, self.details))


def _block(bucket: str, key: str, span: str, tag: str) -> bytes:
    # With the tag, an object that is replaced meanwhile is refused, not read half old and half new.
    answer = client().get_object(Bucket=bucket, Key=key, Range=span, IfMatch=tag)
    content: bytes = answer["Body"].read()
    return content


def _split(path: str) -> tuple[str, str]:
    """Bucket and key of a path or URL."""
    bucket, _, key = path.removeprefix(_SCHEME).strip("/").partition("/")
    return bucket, key


def reach(url: str) -> None:
    """Raise `StoreError` where a bucket is not there, does not let itself be listed, or is in no S3 store."""
    bucket, key = _split(url)
    next(_pages(bucket, Prefix=f"{key}/" if key else "", MaxKeys=1))


def _pages(bucket: str, **words: Any) -> Iterator[dict[str, Any]]:
    with _refusals(bucket):
        for page in client().get_paginator("list_objects_v2").paginate(Bucket=bucket, **words):
            if not _OF_A_LISTING & page.keys():
                raise _store().is_none("it answers what is no listing")
            yield page


def _delete(bucket: str, keys: Sequence[str]) -> None:
    """Remove objects: in one request, or one by one where the store does not know or refuses such requests."""
    doomed = [{"Key": key} for key in keys]
    try:
        answer = client().delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
    except ClientError as error:
        said = error.response.get("Error", {})
        if not _NO_DELETE_OF_MANY.search(f"{said.get('Code')}: {said.get('Message')}"):
            raise
        for key in keys:
            client().delete_object(Bucket=bucket, Key=key)
        return
    for failed in answer.get("Errors", []):
        raise StoreError(f"{_SCHEME}{bucket}/{failed['Key']} was not removed: {failed.get('Message')}")


def _about(bucket: str, one: dict[str, Any]) -> dict[str, Any]:
    if "LastModified" not in one:
        raise _store().is_none(f"it does not say when {_SCHEME}{bucket}/{one['Key']} was changed")
    return {
        "name": f"{bucket}/{one['Key']}",
        "size": one["Size"],
        "type": "file",
        "mtime": one["LastModified"].timestamp(),
        "ETag": one.get("ETag", ""),
    }


def _tag(bucket: str, key: str, about: dict[str, Any]) -> str:
    """What the store calls the content of an object; raises `Refused` where it does not tell."""
    if not about.get("ETag"):
        raise Refused(NO_TAG.format(bucket=bucket, object=f"{_SCHEME}{bucket}/{key}"))
    return str(about["ETag"])


@contextmanager
def _refusals(bucket: str) -> Iterator[None]:
    """Say what the store refused, and why, in a sentence that names the bucket.

    An object is absent when the store says so, and never because of a file that this machine does not have.
    """
    try:
        try:
            yield
        except S3UploadFailedError as error:
            raise error.__context__ or error from None  # what the store has said of one of its parts
    except ResponseParserError as error:
        raise _store().is_none("it answers what is no XML") from error
    except (ClientError, Boto3Error, BotoCoreError) as error:
        raise _store().told(error, bucket) from error
    except FileNotFoundError as error:
        raise StoreError(f"the bucket {bucket} cannot be used: {error}") from error


def _store() -> Store:
    return Store.of(client())
