"""A real S3 server on loopback (versitygw, over a folder), with users, and a proxy before it that can answer errors."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from platform_assets_tests.support.processes.sites import wait_for
from platform_assets_tests.support.services.missing import missing
from platform_assets_tests.support.services.ports import answers, free_port

ADMIN = ("admin", "admin-secret")
REGION = "us-east-1"


def versitygw() -> str | None:
    """The server's program, None where it is not installed."""
    go = Path(os.environ.get("GOPATH", Path.home() / "go")) / "bin"
    return shutil.which("versitygw", path=f"{os.environ['PATH']}{os.pathsep}{go}")


class S3Server:
    """The server over `root`, a folder of which each folder is a bucket; it can be killed and started again."""

    def __init__(self, root: Path) -> None:
        program = versitygw()
        if program is None:
            missing("versitygw, the S3 server,", "go install github.com/versity/versitygw/cmd/versitygw@latest")
        self.program = program
        self.buckets = root / "buckets"
        self.users = root / "users"
        self.log = root / "versitygw.log"
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.buckets.mkdir(parents=True)
        self.users.mkdir()

    @property
    def environment(self) -> dict[str, str]:
        """The standard AWS variables of the server's administrator."""
        return self.environment_of(*ADMIN)

    def environment_of(self, access: str, secret: str) -> dict[str, str]:
        """The standard AWS variables of a user."""
        return {
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        """A client of the administrator."""
        access, secret = ADMIN
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
        )

    def make_bucket(self, name: str) -> str:
        """Make a bucket and return its URL."""
        self.client().create_bucket(Bucket=name)
        return f"s3://{name}"

    def make_user(self, access: str, secret: str) -> None:
        """A user who may do nothing with the buckets of others."""
        admin = ("--access", ADMIN[0], "--secret", ADMIN[1], "--endpoint-url", self.endpoint)
        user = ("create-user", "--access", access, "--secret", secret, "--role", "user")
        subprocess.run([self.program, "admin", *admin, *user], check=True, capture_output=True)

    def let_read(self, access: str, bucket: str) -> None:
        """Let a user list and read a bucket, and nothing else."""
        what = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        may = {"Effect": "Allow", "Principal": {"AWS": [access]}, "Action": ["s3:ListBucket", "s3:GetObject"]}
        policy = {"Version": "2012-10-17", "Statement": [may | {"Resource": what}]}
        self.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    def upload(self, folder: Path, url: str) -> None:
        """Put every file below a folder of this machine to the same place below a URL."""
        client = self.client()
        bucket, _, prefix = url.removeprefix("s3://").partition("/")

        def put(file: Path) -> None:
            key = "/".join(part for part in (prefix, file.relative_to(folder).as_posix()) if part)
            client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put, [file for file in sorted(folder.rglob("*")) if file.is_file()]))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        keys = {"ROOT_ACCESS_KEY": ADMIN[0], "ROOT_SECRET_KEY": ADMIN[1]}
        command = [self.program, "--port", f"127.0.0.1:{self.port}", "--region", REGION, "--iam-dir", str(self.users)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--quiet", "--keep-alive", "posix", str(self.buckets)],
                env=os.environ | keys,
                stdout=log,
                stderr=log,
            )
        wait_for("the S3 server answers", lambda: answers(self.port), longest=30)

    def kill(self) -> None:
        """Kill the server, as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None


@contextmanager
def s3_server(root: Path) -> Iterator[S3Server]:
    """A running server, killed at the end."""
    server = S3Server(root)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def environment(words: Mapping[str, str]) -> Iterator[None]:
    """Environment variables of this process, as they were again at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in words.items():
            patch.setenv(name, value)
        yield
