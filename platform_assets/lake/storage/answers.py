"""What boto3 raises when a store, or what answers in its place, does not do as asked: as errors in sentences."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from platform_assets.lake.storage.refusals import Refused, Replaced, StoreError, refusal

REPLACED = frozenset({"412", "PreconditionFailed"})
_ABSENT = {"NoSuchKey", "NotFound"}
_OF_REGIONS = {"PermanentRedirect", "IllegalLocationConstraintException", "AuthorizationHeaderMalformed"}
_REGION_HEADER = "x-amz-bucket-region"
_CHECKSUMS = "AWS_REQUEST_CHECKSUM_CALCULATION"
# What a server says that knows nothing of S3; a proxy before a store may say others of its own.
_OF_OTHERS = {400, 404, 405, 406, 410, 411, 415, 426, 501, 505}
_REDIRECTS = range(300, 400)
_NOT_FOUND = 404
_DENIALS = {"401", "403"}
_OTHER_THAN_XML = re.compile(rb"\s*(?:[^<\s]|<!doctype|<html)", re.IGNORECASE)


@dataclass(frozen=True)
class Store:
    """Whom a client asks: its endpoint, and the region that it takes the store's buckets to be in."""

    endpoint: str
    region: str

    @classmethod
    def of(cls, client: Any) -> Store:
        """The store of a client of boto3."""
        return cls(str(client.meta.endpoint_url), str(client.meta.region_name))

    def is_none(self, why: str) -> Refused:
        """The error for what answers in place of a store."""
        return Refused(
            f"what answers at {self.endpoint} is no S3 store ({why}): correct AWS_ENDPOINT_URL (or endpoint_url of the "
            "profile), and see what stands before the store"
        )

    def told(self, error: Exception, bucket: str) -> OSError:
        """The error, in a sentence, for one of boto3: `FileNotFoundError` for nothing but an absent object."""
        if isinstance(error, ClientError):
            return self._answered(error, bucket)
        if isinstance(error, NoCredentialsError):
            return Refused(
                f"no credentials were found for the bucket {bucket}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "AWS_PROFILE, or give this machine a role"
            )
        if isinstance(error, EndpointConnectionError):
            return StoreError(f"the store of the bucket {bucket} does not answer at {self.endpoint}")
        return StoreError(f"the bucket {bucket} cannot be used: {error}")

    def _answered(self, error: ClientError, bucket: str) -> OSError:
        answer = _Answer.of(error)
        code, said = answer.code, answer.said
        if code in _ABSENT or (answer.is_of_head and answer.status == _NOT_FOUND):
            return FileNotFoundError(f"s3://{bucket}: {said}")
        if code == "NoSuchBucket":
            return StoreError(f"there is no bucket {bucket}: create it, or correct its name")
        if code in REPLACED:
            return Replaced(f"an object of the bucket {bucket} was replaced while it was read ({code})")
        if answer.region not in ("", self.region) or (code in _OF_REGIONS and "region" in f"{code} {said}".lower()):
            code = "PermanentRedirect"
        elif not answer.is_of_s3 and (
            answer.status in _REDIRECTS or (answer.status in _OF_OTHERS and not answer.is_of_head)
        ):
            return self.is_none(f"{answer.status} {said}".strip())
        if why := refusal(f"{code}: {said}", bucket, "AccessDenied" if code in _DENIALS else code, self.region):
            return Refused(why)
        told = f"the bucket {bucket} answered {code}: {said}"
        if "checksum" in said.lower() and os.environ.get(_CHECKSUMS) != "when_required":
            return Refused(
                f"{told.rstrip('.')}: set {_CHECKSUMS}=when_required, and no checksum is sent (deploy/s3.md)"
            )
        return StoreError(told)


def refuse_others(client: Any) -> None:
    """Let a client follow no answer to another region or address, and take no page for an answer that was cut short.

    No other client of the process would find the bucket there; and the client would ask for the page again and again.
    """

    def stay(context: dict[str, Any], **_: Any) -> None:
        context.setdefault("s3_redirect", {})["redirected"] = True

    def refuse_pages(response_dict: dict[str, Any], **_: Any) -> None:
        body = response_dict["body"]
        if response_dict["status_code"] < _REDIRECTS[0] and isinstance(body, bytes) and _OTHER_THAN_XML.match(body):
            raise Store.of(client).is_none("it answers what is no XML")

    client.meta.events.register("before-call.s3", stay)
    # By this name it comes before the one of the library, which calls such an answer 500.
    client.meta.events.register_first("before-parse.*.*", refuse_pages)


@dataclass(frozen=True)
class _Answer:
    """An error that was answered."""

    code: str
    said: str
    status: int
    is_of_head: bool
    region: str

    @classmethod
    def of(cls, error: ClientError) -> _Answer:
        said: dict[str, Any] = error.response.get("Error", {})
        about: dict[str, Any] = error.response.get("ResponseMetadata", {})
        region = about.get("HTTPHeaders", {}).get(_REGION_HEADER) or said.get("Region") or ""
        is_of_head = error.operation_name.startswith("Head")
        status = int(about.get("HTTPStatusCode", 0))
        return cls(str(said.get("Code", "")), str(said.get("Message", "")), status, is_of_head, region)

    @property
    def is_of_s3(self) -> bool:
        """Whether it has a code, as a store's answers have: without one, boto3 takes the HTTP status for it."""
        return bool(self.code) and not self.code.isdigit() and self.code != "Unknown"
