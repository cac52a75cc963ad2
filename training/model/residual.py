"""The residual block of `crnn_res` and `crnn_lite`."""

import torch
from torch import Tensor, nn


class _Group(nn.Module):
    """The two convolutions of a residual block."""

    def __init__(self, before: int, after: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return x


class Residual(nn.Module):
    """A residual block (He et al. 2016); a 1x1 convolution where the shape changes."""

    def __init__(self, before: int, after: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.group1 = _Group(before, after, stride)
        self.downsample: nn.Module = nn.Identity()
        if before != after or stride != (1, 1):
            self.downsample = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.group1(x) + self.downsample(x))
