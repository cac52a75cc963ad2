"""The network for processors: half the work of crnn_v2 to train, a third of it to read a line.

Most of what the older networks compute lies at full resolution and in the class layer. Here two
convolutions of stride 2 come at once; residual blocks do the rest at 8, 4 and 2 rows; one
bidirectional LSTM reads the columns, and its states pass through RANK numbers to the classes. What
else was tried, and what it cost: docs/network.md.
"""

import torch
from torch import Tensor, nn

from datagen.line_geometry import FRAME_PX
from training.model.model_settings import ModelSettings
from training.model.recogniser import BidirectionalLSTM, Recogniser
from training.model.residual import Residual

_STEM = (("conv1", 32), ("conv2", 48))  # name, channels; of stride 2
_BLOCKS = (  # name, channels, stride
    ("res1_1", 48, (1, 1)),
    ("res1_2", 48, (1, 1)),
    ("res2_1", 96, (2, 1)),
    ("res2_2", 96, (1, 1)),
    ("res3_1", 192, (2, 1)),
    ("res3_2", 192, (1, 1)),
)
_ROWS = 2  # of features under one another after the blocks
RANK = 128  # numbers per time step that all classes are computed from


class _Classes(nn.Module):
    """The class layer, under the name that it has in every network."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.embedding(x)
        return logits


class CRNNLite(Recogniser):
    """Strided convolutions, residual blocks, one LSTM, and a class layer of low rank."""

    frame_offset_px = 0.5

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        before = settings.channels
        for name, channels in _STEM:
            width = self.scaled(channels)
            self.add_module(name, nn.Conv2d(before, width, 3, 2, padding=1, bias=False))
            self.add_module(name.replace("conv", "bn"), nn.BatchNorm2d(width))
            before = width
        for name, channels, stride in _BLOCKS:
            width = self.scaled(channels)
            self.add_module(name, Residual(before, width, stride))
            before = width
        self.rnn = nn.Sequential(
            BidirectionalLSTM(_ROWS * before, settings.hidden, RANK),
            _Classes(RANK, settings.classes),
        )
        self.initialise()

    def features(self, x: Tensor) -> Tensor:
        for name, _ in _STEM:
            x = self.get_submodule(name)(x)
            x = torch.relu(self.get_submodule(name.replace("conv", "bn"))(x))
        for name, _, _ in _BLOCKS:
            x = self.get_submodule(name)(x)
        return x  # (N, F, 2, W / 4)

    @staticmethod
    def output_length(width_px: int) -> int:
        return -(-width_px // FRAME_PX)
