"""Progress bars: on a terminal, not in a file of messages."""

import io
import sys
import time

import pytest

from datagen.cli.bar import bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "drawn"), [(Terminal, True), (io.StringIO, False)])
def test_a_bar_is_drawn_on_a_terminal_only(
    stream: type[io.StringIO], drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    err = stream()
    monkeypatch.setattr(sys, "stderr", err)
    with bar(" lines") as progress:
        time.sleep(0.6)
        progress(3, 4)
    assert ("3.00/4.00 [" in err.getvalue()) is drawn
    assert drawn or err.getvalue() == ""
