"""Everything that a step changes, in one object that can be saved and restored."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from datagen.alphabet import Alphabet
from training.errors import CheckpointError
from training.fitting.alignment import alignment_loss
from training.fitting.batches import Batch
from training.fitting.ctc import ctc_loss, ctc_of_scores, line_scores
from training.fitting.ema import Ema
from training.fitting.hardware import Rank, autocast
from training.fitting.run_settings import RunSettings
from training.fitting.schedule import ema_decay_at
from training.fitting.state_files import State
from training.model.checkpoint import save_model, versions
from training.model.network_input import to_input
from training.model.preprocess import PREPROCESSING_JSON
from training.model.recogniser import Recogniser


class TrainState:
    """A network, its EMA, its optimizer, and where training stands.

    Attributes:
        network: the weights that are trained.
        ema: their exponential moving average (EMA).
        optimizer: AdamW.
        step: steps done.
        best: best line accuracy of a validation so far, -1 before the first.
        best_cer: its CER.
        stale: validations since then, those of the warm start not counted.
    """

    def __init__(self, network: Recogniser, settings: RunSettings, rank: Rank) -> None:
        self.settings, self.rank = settings, rank
        self.network = network.to(rank.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = Ema(self.network)
        self.optimizer = adamw(self.network, settings.weight_decay)
        self.parallel: nn.Module = self.network
        if rank.world_size > 1:
            gpu = [rank.device] if rank.device.type == "cuda" else None
            self.parallel = DistributedDataParallel(
                self.network, device_ids=gpu, gradient_as_bucket_view=True
            )
        self.step = 0
        self.best, self.best_cer = -1.0, math.inf
        self.stale = 0

    @property
    def aligning(self) -> bool:
        """Whether the step at hand still belongs to the warm start on character centres."""
        return self.step < self.settings.alignment_steps

    def note_validation(self, line_accuracy: float, cer: float) -> bool:
        """Whether a validation is the best so far: more lines right, or as many and a lower CER.

        Validations during the warm start do not count as lost: CTC has not begun.
        """
        better = (line_accuracy, -cer) > (self.best, -self.best_cer)
        if better:
            self.best, self.best_cer = line_accuracy, cer
        counts = self.step > self.settings.alignment_steps
        self.stale = self.stale + 1 if counts and not better else 0
        return better

    def line_losses(self, batch: Batch, *, by_alignment: bool) -> Tensor:
        """Loss per character of each line, (N,) float32.

        Args:
            batch: on the device.
            by_alignment: train on the centres of the lines that know them, by CTC on the others;
                else by CTC, and by the alignment as well as far as `alignment_weight` says.
        """
        with autocast(self.rank.device, self.settings.precision):
            logits = self.parallel(to_input(batch.images, self.settings.channels))
        losses = self._sums(logits, batch, by_alignment)
        return losses / batch.lengths.clamp(min=1).to(losses.device, non_blocking=True)

    def _sums(self, logits: Tensor, batch: Batch, by_alignment: bool) -> Tensor:
        lines = line_scores(logits, batch.targets, batch.lengths)
        weight = self.settings.alignment_weight
        if not ((by_alignment or weight) and batch.has_centres.any()):
            return ctc_of_scores(lines)
        aligned = alignment_loss(self.network, lines, batch.centres)
        if by_alignment and batch.has_centres.all():
            return aligned
        ctc, known = ctc_of_scores(lines), batch.has_centres.to(aligned.device)
        return torch.where(known, aligned if by_alignment else ctc + weight * aligned, ctc)

    @torch.no_grad()
    def losses_of_ema(self, batch: Batch) -> Tensor:
        """CTC loss per character of each line as the EMA reads it, (N,) float32."""
        with autocast(self.rank.device, self.settings.precision):
            logits = self.ema.network(to_input(batch.images, self.settings.channels))
        losses = ctc_loss(logits, batch.targets, batch.lengths)
        return losses / batch.lengths.clamp(min=1).to(losses.device)

    def clip(self) -> Tensor:
        """Scale the gradients down to the limit; their norm before that, on the device."""
        limit = self.settings.clip_norm or float("inf")
        return nn.utils.clip_grad_norm_(self.network.parameters(), limit)

    def advance(self, rate: float) -> None:
        """Take the step that the gradients ask for, and move the EMA along."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.update(ema_decay_at(self.step, self.settings.ema_decay))
        self.step += 1

    def save(self, path: Path, alphabet: Alphabet, metrics: dict[str, float]) -> None:
        """Write the EMA as a model file."""
        settings = self.settings
        training = {"run": settings.run, "step": self.step, "longest_px": settings.longest_px}
        training |= metrics
        save_model(path, self.ema.network, alphabet, training=training)

    def state(self, alphabet: Alphabet, data: str) -> State:
        """What `restore` needs; `data` is the fingerprint of the data set."""
        return State(
            step=self.step,
            best=self.best,
            best_cer=self.best_cer,
            stale=self.stale,
            network=self.network.state_dict(),
            average=self.ema.network.state_dict(),
            optimizer=self.optimizer.state_dict(),
            alphabet=json.dumps(alphabet.to_json(), ensure_ascii=False),
            data=data,
            model=asdict(self.network.settings),
            preprocessing=PREPROCESSING_JSON,
            versions=versions(),
        )

    def restore(self, state: State, data: str) -> None:
        """Stand where the state was taken.

        Raises:
            CheckpointError: if the data set or the network is another one.
        """
        if state.data != data:
            raise CheckpointError(
                f"the data set changed since step {state.step:,} of this run (it was"
                f" {state.data[:12]}, now {data[:12]}): put the old one back, or start a new"
                " run from the weights with --init"
            )
        try:
            self.network.load_state_dict(state.network)
            self.ema.network.load_state_dict(state.average)
            self._restore_optimizer(state.optimizer["state"])
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as reason:
            first = str(reason).strip().splitlines()[0]
            raise CheckpointError(
                f"the state after step {state.step:,} does not fit the network of this run"
                f" ({first}); remove it to go on from the one before it"
            ) from reason
        self.step, self.stale = state.step, state.stale
        self.best, self.best_cer = state.best, state.best_cer

    def _restore_optimizer(self, moments: dict[int, dict[str, Tensor]]) -> None:
        """Take moments over; rates and decay are those of the settings."""
        groups = self.optimizer.param_groups
        for i, parameter in enumerate(p for group in groups for p in group["params"]):
            shapes = {name: tensor.shape for name, tensor in moments[i].items()}
            expected = {"step": torch.Size(), "exp_avg": parameter.shape}
            if shapes != expected | {"exp_avg_sq": parameter.shape}:
                raise ValueError(f"the optimizer's moments of parameter {i}")
        own = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": own})


def adamw(network: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019); biases and normalisation are not decayed."""
    named: Iterable[tuple[str, nn.Parameter]] = network.named_parameters()
    parameters = [parameter for _, parameter in named]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, fused=True)
