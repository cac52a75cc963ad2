"""The networks by name; among them three with convolutions, two bidirectional LSTMs, CTC logits.

Shi, Bai and Yao 2015, "An End-to-End Trainable Neural Network for Image-based Sequence
Recognition", and two variants of it. The modules of these three carry the parameter names under
which weights of them circulate, so that such state dicts load unchanged.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from datagen.line_geometry import FRAME_PX
from training.model.crnn_lite import CRNNLite
from training.model.model_settings import HIDDEN, ModelSettings
from training.model.recogniser import Recogniser
from training.model.residual import Residual

HALVE = "halve"  # 2x2 maximum, stride 2
THIN = "thin"  # 2x2 maximum, stride (2, 1), one column of padding: halves the height alone


class _Convolution(NamedTuple):
    name: str
    channels: int
    norm: str = ""
    pool: str = ""


_CRNN = (
    _Convolution("conv1", 64, pool=HALVE),
    _Convolution("conv2", 128, pool=HALVE),
    _Convolution("conv3_1", 256, norm="bn3"),
    _Convolution("conv3_2", 256, pool=THIN),
    _Convolution("conv4_1", 512, norm="bn4"),
    _Convolution("conv4_2", 512, pool=THIN),
)
_CRNN_V2 = (
    _Convolution("conv1_1", 32, norm="bn1_1"),
    _Convolution("conv1_2", 64, norm="bn1_2", pool=HALVE),
    _Convolution("conv2_1", 64, norm="bn2_1"),
    _Convolution("conv2_2", 128, norm="bn2_2", pool=HALVE),
    _Convolution("conv3_1", 96, norm="bn3_1"),
    _Convolution("conv3_2", 192, norm="bn3_2", pool=THIN),
    _Convolution("conv4_1", 128, norm="bn4_1"),
    _Convolution("conv4_2", 256, norm="bn4_2", pool=THIN),
)
_CRNN_RES = (  # name, channels, stride
    ("res1", 64, (1, 1)),
    ("res2_1", 128, (2, 2)),
    ("res2_2", 128, (1, 1)),
    ("res3_1", 256, (2, 2)),
    ("res3_2", 256, (1, 1)),
    ("res3_3", 256, (1, 1)),
    ("res4_1", 512, (2, 1)),
    ("res4_2", 512, (1, 1)),
    ("res4_3", 512, (1, 1)),
)


class _PlainStack(Recogniser):
    """Convolution, normalisation where named, ReLU, pooling where named; layer after layer."""

    layers: tuple[_Convolution, ...]

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        before = settings.channels
        for layer in self.layers:
            width = self.scaled(layer.channels)
            self.add_module(layer.name, nn.Conv2d(before, width, 3, padding=1))
            if layer.norm:
                self.add_module(layer.norm, nn.BatchNorm2d(width))
            before = width
        self.last_channels = before
        self.halve = nn.MaxPool2d(2, 2)
        self.thin = nn.MaxPool2d((2, 2), (2, 1), (0, 1))

    def stack(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = self.get_submodule(layer.name)(x)
            if layer.norm:
                x = self.get_submodule(layer.norm)(x)
            if layer.pool:  # before the ReLU: the same maximum, a quarter of the work
                x = self.get_submodule(layer.pool)(x)
            x = torch.relu(x)
        return x


class CRNN(_PlainStack):
    """The network of the paper, with biases and batch normalisation in three places."""

    layers = _CRNN
    frame_offset_px = 0.0

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        width = self.scaled(512)
        self.conv5 = nn.Conv2d(self.last_channels, width, 2)
        self.bn5 = nn.BatchNorm2d(width)
        self.add_head(width)
        self.initialise()

    def features(self, x: Tensor) -> Tensor:
        x = self.stack(x)  # (N, F, 2, W / 4 + 2)
        return torch.relu(self.bn5(self.conv5(x)))  # (N, F, 1, W / 4 + 1)

    @staticmethod
    def output_length(width_px: int) -> int:
        return width_px // FRAME_PX + 1


class CRNNv2(_PlainStack):
    """Two thin convolutions per stage, all normalised; two rows of features make one column."""

    layers = _CRNN_V2
    frame_offset_px = -2.0

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        self.bn5 = nn.BatchNorm2d(self.last_channels)
        self.add_head(2 * self.last_channels)
        self.initialise()

    def features(self, x: Tensor) -> Tensor:
        x = self.bn5(self.stack(x))  # (N, F / 2, 2, W / 4 + 2)
        return x

    @staticmethod
    def output_length(width_px: int) -> int:
        return width_px // FRAME_PX + 2


class CRNNRes(Recogniser):
    """Nine residual blocks, then average pooling that counts its zero padding."""

    frame_offset_px = 0.5

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        before = self.scaled(64)
        self.conv1 = nn.Conv2d(settings.channels, before, 3, padding=1)
        for name, channels, stride in _CRNN_RES:
            width = self.scaled(channels)
            self.add_module(name, Residual(before, width, stride))
            before = width
        self.pool = nn.AvgPool2d((2, 2), (2, 1), (0, 1), count_include_pad=True)
        self.conv5 = nn.Conv2d(before, before, 2)
        self.bn5 = nn.BatchNorm2d(before)
        self.add_head(before)
        self.initialise()

    def features(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv1(x))
        for name, _, _ in _CRNN_RES:
            x = self.get_submodule(name)(x)
        x = self.pool(x)  # (N, F, 2, W / 4 + 1)
        return torch.relu(self.bn5(self.conv5(x)))  # (N, F, 1, W / 4)

    @staticmethod
    def output_length(width_px: int) -> int:
        return -(-width_px // FRAME_PX)


_CLASSES: dict[str, type[Recogniser]] = {
    "crnn": CRNN, "crnn_v2": CRNNv2, "crnn_res": CRNNRes, "crnn_lite": CRNNLite,
}  # fmt: skip


def build_from(settings: ModelSettings) -> Recogniser:
    """A freshly initialised network; the weights follow torch's global generator."""
    return _CLASSES[settings.model](settings)


def build(
    name: str,
    classes: int,
    *,
    channels: int = ModelSettings.channels,
    hidden: int | None = None,
    width_multiplier: float = ModelSettings.width_multiplier,
    height_px: int = ModelSettings.height_px,
) -> Recogniser:
    """A network by name: crnn, crnn_v2, crnn_res or crnn_lite.

    Without `hidden` its LSTMs have the units that the network was made with.

    Raises:
        ModelError: if the name is unknown or a size is out of range; height must be 32.
    """
    hidden = HIDDEN.get(name, ModelSettings.hidden) if hidden is None else hidden
    return build_from(ModelSettings(name, classes, channels, hidden, width_multiplier, height_px))


def output_length(name: str, width_px: int) -> int:
    """Time steps of a network by name, without building it."""
    return _CLASSES[name].output_length(width_px)
