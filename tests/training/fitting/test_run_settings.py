"""What a run chooses for the user, and what it keeps of that."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from datagen.alphabet import Alphabet
from tests.support.bar_lines import BarSource
from training.errors import CheckpointError, FitError
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.run_folder import new_name
from training.fitting.run_settings import RunSettings, model_to_train, resolve, to_keep
from training.fitting.sources import Sources
from training.model.checkpoint import save_model
from training.model.model_settings import HIDDEN
from training.model.networks import build

WISHES = FitSettings(run="a", epochs=10, precision="float32", validation_lines=32)
SOURCES = Sources(BarSource(1000), BarSource(40, seed=9))


def chosen(world_size: int = 1, **changes: object) -> RunSettings:
    rank = Rank(0, world_size, torch.device("cpu"), world_size)
    return resolve(replace(WISHES, **changes), SOURCES, SOURCES.train.facts(), rank)[0]


def test_nothing_is_left_open() -> None:
    settings = chosen()
    # mean "none", are asked of the machine, or change with the length of the run
    open_by_wish = {"init", "max_steps", "gpus", "threads", "decay_steps", "cache"}
    left = {f.name for f in fields(settings) if getattr(settings, f.name) is None}
    assert left <= open_by_wish
    assert (settings.batch_size, settings.workers, settings.precision) == (64, 0, "float32")
    assert settings.lr == pytest.approx(1.2e-3)
    assert (settings.steps, settings.warmup_steps) == (156, 16)  # 10 epochs of 1,000 lines
    assert settings.validate_every == 7  # 20 validations


@pytest.mark.parametrize(
    ("wish", "on_gpus", "model"),
    [(None, False, "crnn_lite"), (None, True, "crnn"), ("crnn_res", False, "crnn_res")],
)
def test_the_network_suits_the_machine_unless_named(
    wish: str | None, on_gpus: bool, model: str
) -> None:
    settings = replace(WISHES, model=wish)
    assert model_to_train(settings, on_gpus=on_gpus) == model
    if not on_gpus:
        resolved = chosen(model=wish)
        assert (resolved.model, resolved.hidden) == (model, HIDDEN[model])
        # As on any machine that goes on with it.
        assert to_keep(resolved, settings, SOURCES).model == model
        assert new_name(replace(settings, gpus=0)).endswith(f"-{model}")


def test_wishes_are_kept() -> None:
    settings = chosen(batch_size=10, lr=0.5, validate_every=3, workers=2, max_steps=9)
    assert (settings.batch_size, settings.lr, settings.validate_every) == (10, 0.5, 3)
    assert (settings.workers, settings.steps) == (2, 9)


def test_more_processes_take_more_lines_at_a_higher_rate() -> None:
    settings = chosen(world_size=4)
    assert settings.batch_size == 256
    assert settings.lr == pytest.approx(2.4e-3)
    with pytest.raises(FitError, match="--batch-size 3 is less than one line for 4 processes"):
        chosen(world_size=4, batch_size=3)


def test_long_validations_come_less_often() -> None:
    assert chosen(batch_size=8).validate_every == 62  # of 1,250 steps
    assert chosen(batch_size=2).validate_every == 250
    assert chosen(batch_size=2, max_steps=40).validate_every == 64  # 4 x 32 lines trained on


def test_a_folder_keeps_what_another_machine_must_not_choose_anew() -> None:
    kept = to_keep(chosen(), WISHES, SOURCES)
    assert type(kept) is FitSettings
    assert (kept.batch_size, kept.lr, kept.validate_every) == (64, pytest.approx(1.2e-3), 7)
    assert (kept.workers, kept.threads, kept.gpus) == (None, None, None)
    rank = Rank(0, 1, torch.device("cpu"), 1)
    assert resolve(kept, SOURCES, SOURCES.train.facts(), rank)[0] == chosen()


def test_what_starts_from_trained_weights_needs_no_warm_start() -> None:
    assert chosen().alignment_lines == 40_000
    trained = chosen(init="crnn_lite")
    assert (trained.alignment_lines, trained.alignment_steps) == (0, 0)
    assert chosen(init="crnn_lite", alignment_lines=640).alignment_steps == 13


def test_trained_weights_bring_their_network(tmp_path: Path) -> None:
    assert model_to_train(replace(WISHES, init="crnn_lite"), on_gpus=True) == "crnn_lite"
    assert new_name(replace(WISHES, init="crnn_v2", gpus=0)).endswith("-crnn_v2")
    path = tmp_path / "narrow.safetensors"
    save_model(path, build("crnn", 4, hidden=24), Alphabet(("", *"一二三")))
    trained = chosen(init=str(path))
    assert (trained.model, trained.hidden) == ("crnn", 24)
    assert chosen(init=str(path), model="crnn", hidden=32).hidden == 32  # refused later, by name
    kept = to_keep(trained, replace(WISHES, init=str(path)), SOURCES)
    path.unlink()  # as it may be when the run is resumed
    rank = Rank(0, 1, torch.device("cpu"), 1)
    assert resolve(kept, SOURCES, SOURCES.train.facts(), rank)[0] == trained
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*narrow"):
        chosen(init=str(path))


def test_the_warm_up_of_a_run_that_may_be_lengthened_is_kept_in_steps() -> None:
    settings = chosen(schedule="wsd", epochs=10_000)
    assert (settings.rates.warmup, settings.rates.decay) == (2_000, 31_250)
    assert to_keep(settings, WISHES, SOURCES).warmup_steps == 2_000
    assert chosen(schedule="wsd", max_steps=50, decay_steps=99).rates.decay == 45


def test_data_without_centres_has_no_warm_start() -> None:
    assert chosen().alignment_steps == 78  # half of the run
    unknown = Sources(BarSource(1000, centres=False))
    rank = Rank(0, 1, torch.device("cpu"), 1)
    assert resolve(WISHES, unknown, unknown.train.facts(), rank)[0].alignment_steps == 0
