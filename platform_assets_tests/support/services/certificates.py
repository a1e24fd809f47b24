"""A certificate authority of a test's own, and servers that it vouches for."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """An authority that nobody knows yet: who is to trust it must be given `file`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "authority.pem"
        self._openssl(
            "req", "-x509", *_KEY, "-subj", "/CN=authority", "-keyout", "authority.key", "-out", self.file.name
        )

    def vouch_for(self, *hosts: str) -> ssl.SSLContext:
        """What a server of these hosts shows its clients."""
        (self.folder / "names").write_text(f"subjectAltName={','.join(f'DNS:{host}' for host in hosts)}\n")
        self._openssl("req", *_KEY, "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr")
        signed = ("-CA", self.file.name, "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "names")
        self._openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
