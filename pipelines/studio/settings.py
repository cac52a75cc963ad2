"""What the studio is started with."""

from dataclasses import dataclass
from pathlib import Path

from ocrbase.errors import SettingsError
from ocrbase.homes import RUNS

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class StudioSettings:
    """Where the studio answers and what it opens first.

    Attributes:
        host: address to listen on; other machines reach it only if it is not the loopback.
        port: TCP port.
        language: of the page at first, en or zh.
        data: folder in which data sets are looked for.
        runs: folder of all runs.
        corrections: folder that receives corrected lines, as image files and `labels.tsv`.
        open_browser: show the page in a browser at once.
    """

    host: str = "127.0.0.1"
    port: int = 8642
    language: str = "en"
    data: Path = Path("data")
    runs: Path = RUNS
    corrections: Path = Path("data/corrections")
    open_browser: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65535:
            raise SettingsError(f"port {self.port}: give 1 to 65535")
        if self.language not in LANGUAGES:
            raise SettingsError(f"language {self.language!r}: give {' or '.join(LANGUAGES)}")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the page."""
        return self.host in LOOPBACK
