"""S3 as a Dagster resource, for the assets that users write themselves: the client that the lake uses."""

from __future__ import annotations

from dagster_aws.s3 import S3Resource

from platform_assets.lake.storage import s3


def s3_resource() -> S3Resource:
    """S3 as the standard AWS variables, profiles and roles say: credentials, region, endpoint."""
    return S3Resource(region_name=s3.region(), max_attempts=s3.ATTEMPTS)
