"""Files that package registries serve, found through the registries' own clients.

npm and apt-get know which registry or mirror the user has chosen, and say where in it a package
lies and what its file must hash to.
"""

import base64
import binascii
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Literal

from msgspec import Struct, field

from corpora.errors import CorpusError
from corpora.fetch import Address
from ocrbase.records import decode

_TIMEOUT_S = 60
# 'http://mirror/pool/main/f/foo/foo_1_all.deb' foo_1_all.deb 12345 SHA256:0123…
_DEB = re.compile(
    r"^'(?P<url>[^']+)' \S+ \d+ (?P<algorithm>SHA256|SHA512):(?P<sum>[0-9a-f]+)$", re.M
)


@dataclass(frozen=True)
class Package:
    """A package that holds text.

    Attributes:
        kind: of registry.
        name: of the package.
        version: of the text, for npm; apt-get offers the version of its release.
        path: of its file below the registry's address.
        checksum: of that file, SHA-256 or SHA-512 in hexadecimal.
        elsewhere: where the same text lies, if the registry's client is not there.
    """

    kind: Literal["debian", "npm"]
    name: str
    version: str
    path: str
    checksum: str
    elsewhere: str | None = None

    def address(self) -> Address:
        """Where the file lies.

        OCRGEN_NPM or OCRGEN_DEBIAN, the address of a registry, spare asking the client.

        Raises:
            CorpusError: if the client is missing, or does not know the package; says what to do.
        """
        variable, client = _CLIENTS[self.kind]
        base = os.environ.get(variable)
        if base:
            algorithm = "sha512" if len(self.checksum) == 128 else "sha256"
            return Address(f"{base.rstrip('/')}/{self.path}", (algorithm, self.checksum))
        if shutil.which(client):
            return self._asked()
        if self.elsewhere:
            return Address(self.elsewhere, None)
        raise CorpusError(
            f"the package {self.name} is found through {client}, which this machine lacks: set"
            f" {variable} to the address of a {self.kind} mirror, or fetch the package elsewhere"
            " and give it with --file"
        )

    def _asked(self) -> Address:
        if self.kind == "debian":
            said = _say(("apt-get", "download", "--print-uris", self.name))
            found = _DEB.search(said)
            if found is None:
                raise CorpusError(f"apt-get names no file of {self.name}: run apt-get update first")
            return Address(found["url"], (found["algorithm"].lower(), found["sum"]))
        package = f"{self.name}@{self.version}"
        said = _say(("npm", "view", package, "dist.tarball", "dist.integrity", "--json"))
        dist = decode(said, _Dist, f"what npm says of {package}", error=CorpusError)
        algorithm, _, encoded = dist.integrity.partition("-")
        try:
            checksum = base64.b64decode(encoded, validate=True).hex()
        except binascii.Error as error:
            raise CorpusError(f"npm gives {package} no checksum: {dist.integrity!r}") from error
        return Address(dist.tarball, (algorithm, checksum))


class _Dist(Struct, frozen=True):
    """What npm says of a package's file."""

    tarball: str = field(name="dist.tarball")
    integrity: str = field(name="dist.integrity")


# Variable that holds a registry's address, and the program that knows it otherwise.
_CLIENTS = {"debian": ("OCRGEN_DEBIAN", "apt-get"), "npm": ("OCRGEN_NPM", "npm")}


def _say(command: Sequence[str]) -> str:
    """What a client prints.

    Raises:
        CorpusError: with its last line, if it fails.
    """
    shown = " ".join(command[:3])
    try:
        with TemporaryDirectory() as empty:  # apt-get does not name a file that is there already
            done = subprocess.run(
                command, cwd=empty, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CorpusError(f"{shown} gives no answer ({error})") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CorpusError(f"{shown} fails: {reason}")
    return done.stdout
