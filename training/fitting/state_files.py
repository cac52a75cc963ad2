"""State files: everything a run needs to go on exactly where it stopped.

A file is a mark, the SHA-256 of what follows, and a torch archive that is read with
`weights_only`, so a damaged file is told from a whole one and nothing in it is executed.
"""

import hashlib
import io
import math
import re
from pathlib import Path
from typing import Annotated, Any

import torch
from msgspec import Meta, Struct

from ocrbase.inputs import open_regular
from ocrbase.publishing import publish_file
from ocrbase.records import convert
from training.errors import CheckpointError

MARK = b"OCRSTATE1\n"
DIGEST_BYTES = 32
_NAME = re.compile(r"state-(\d+)\.pt")


class State(Struct, frozen=True, kw_only=True):
    """What `TrainState.restore` needs.

    Attributes:
        step: steps done.
        best: best line accuracy of a validation so far, -1 before the first.
        best_cer: its CER; infinite in states of releases that did not keep it.
        stale: validations since then.
        network: weights by name.
        average: the EMA of them.
        optimizer: state of AdamW.
        alphabet: JSON of the ordered alphabet.
        data: fingerprint of the lines.
        model: shape of the network.
        preprocessing: JSON of how images are prepared.
        versions: what wrote the state.
    """

    step: Annotated[int, Meta(ge=0)]
    best: float
    best_cer: float = math.inf
    stale: Annotated[int, Meta(ge=0)]
    network: dict[str, Any]
    average: dict[str, Any]
    optimizer: dict[str, Any]
    alphabet: str
    data: str
    model: dict[str, Any]
    preprocessing: str
    versions: dict[str, str]


def state_path(folder: Path, step: int) -> Path:
    """Where the state after `step` steps is kept."""
    return folder / f"state-{step:09d}.pt"


def states(folder: Path) -> list[Path]:
    """State files of a run, newest last."""
    return sorted(path for path in folder.glob("state-*.pt") if _NAME.fullmatch(path.name))


def save_state(folder: Path, state: State, keep: int) -> Path:
    """Write a state, atomically, and remove all but the newest `keep`."""
    buffer = io.BytesIO()
    torch.save({name: getattr(state, name) for name in State.__struct_fields__}, buffer)
    content = buffer.getbuffer()
    path = state_path(folder, state.step)
    with publish_file(path) as attempt, attempt.open("wb") as file:
        file.write(MARK)
        file.write(hashlib.sha256(content).digest())
        file.write(content)
    for old in states(folder)[:-keep]:
        old.unlink()
    return path


def load_state(path: Path) -> State:
    """Read a state onto the CPU.

    Raises:
        CheckpointError: if it is damaged; offers the one before it.
    """
    with open_regular(path, error=CheckpointError) as file:
        data = file.read()
    head = len(MARK) + DIGEST_BYTES
    whole = data.startswith(MARK) and len(data) > head
    if not whole or hashlib.sha256(memoryview(data)[head:]).digest() != data[len(MARK) : head]:
        raise CheckpointError(f"{path} is damaged; {_way_out(path)}")
    try:
        fields = torch.load(io.BytesIO(data[head:]), map_location="cpu", weights_only=True)
    except Exception as reason:  # the checksum is right: not torch's file, or more than tensors
        first = str(reason).strip().splitlines()[0]
        raise CheckpointError(f"{path} is no state ({first}); {_way_out(path)}") from reason
    state = convert(fields, State, str(path), error=CheckpointError)
    if state_path(path.parent, state.step) != path:
        raise CheckpointError(f"{path} holds the state after step {state.step:,}; {_way_out(path)}")
    return state


def newest_state(folder: Path) -> Path:
    """The state that a run goes on from.

    Raises:
        CheckpointError: if the folder has none.
    """
    paths = states(folder)
    if not paths:
        raise CheckpointError(f"{folder} holds no state to resume from; start anew with --run NAME")
    return paths[-1]


def _way_out(path: Path) -> str:
    before = [other for other in states(path.parent) if other.name < path.name]
    if before:
        return f"remove it and --resume goes on from the one before it, {before[-1].name}"
    return "no older state is left: start the run anew"
