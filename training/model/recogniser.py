"""What all networks share: the two LSTMs, the order of axes, and the geometry of time steps."""

import torch
from torch import Tensor, nn

from datagen.line_geometry import FRAME_PX
from training.model.model_settings import ModelSettings


class BidirectionalLSTM(nn.Module):
    """One bidirectional LSTM and a linear layer over both directions.

    Attributes:
        gpu_dtype: type that a GPU computes the LSTM in: float32, which multiplies in TF32, or
            bfloat16, which cuDNN has from version 9.13 on; before, torch goes step by step.
    """

    def __init__(self, features: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, bidirectional=True)
        self.embedding = nn.Linear(2 * hidden, outputs)
        self.gpu_dtype = torch.float32

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda:
            # Autocast gives cuDNN's LSTM float16, whose gradients underflow without a scaled loss.
            with torch.autocast("cuda", enabled=False):
                states = self.states(x, self.gpu_dtype)  # (T, N, 2 * hidden)
        else:
            states, _ = self.rnn(x)
        logits: Tensor = self.embedding(states)  # (T, N, outputs)
        return logits

    def states(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """States of both directions, (T, N, 2 * hidden), computed in a type; weights stay float32.

        Args:
            x: features, (T, N, F).
            dtype: float32 or bfloat16.
        """
        if dtype == torch.float32:
            states: Tensor = self.rnn(x.float())[0]
            return states
        zeros = x.new_zeros(2, x.shape[1], self.rnn.hidden_size, dtype=dtype)
        weights = [weight.to(dtype) for weight in self.rnn.parameters()]
        states, *_ = torch._VF.lstm(
            x.to(dtype), (zeros, zeros), weights,
            True, 1, 0.0, self.training, True, False,  # biases, layers, dropout, ..., both ways
        )  # fmt: skip
        return states


class Recogniser(nn.Module):
    """What the networks share: the head, the sequence layout and the geometry of time steps.

    `forward` takes float images (N, channels, 32, W), gray levels mapped to [-1, 1], and gives
    unnormalised scores (T, N, classes) with T = output_length(W).
    """

    frame_offset_px: float  # x of the centre that time step 0 looks at

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.settings = settings

    def scaled(self, channels: int) -> int:
        """Channels of a layer under the width multiplier, a multiple of 8."""
        return max(8, round(channels * self.settings.width_multiplier / 8) * 8)

    def add_head(self, features: int) -> None:
        """Register the two LSTMs last, so that parameters stand in the order of the forward."""
        hidden, classes = self.settings.hidden, self.settings.classes
        self.rnn = nn.Sequential(
            BidirectionalLSTM(features, hidden, hidden), BidirectionalLSTM(hidden, hidden, classes)
        )

    def compute_lstms_in(self, dtype: torch.dtype) -> None:
        """The type that a GPU computes the LSTMs in, float32 or bfloat16."""
        for module in self.modules():
            if isinstance(module, BidirectionalLSTM):
                module.gpu_dtype = dtype

    def features(self, x: Tensor) -> Tensor:
        """Images (N, C, 32, W) to columns of features (N, F, rows, T)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        n, c, h, t = x.shape
        x = x.reshape(n, c * h, t).permute(2, 0, 1)  # (T, N, F)
        logits: Tensor = self.rnn(x)
        return logits

    @staticmethod
    def output_length(width_px: int) -> int:
        """Time steps T of an image `width_px` wide."""
        raise NotImplementedError

    def frame_of(self, x_px: Tensor) -> Tensor:
        """The time step whose field of view is centred nearest to a position.

        Args:
            x_px: positions from the left edge of the image, any shape; NaN stays NaN.

        Returns:
            float, rounded; the caller cuts to [0, T).
        """
        return torch.round((x_px - self.frame_offset_px) / FRAME_PX)

    def initialise(self) -> None:
        """Kaiming-normal convolutions (He et al. 2015); torch's defaults for the rest."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
