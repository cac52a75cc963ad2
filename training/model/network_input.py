"""From gray levels to the values that a network sees, in torch: fitting, inference and export."""

from torch import Tensor


def to_input(images: Tensor, channels: int = 1) -> Tensor:
    """Gray images (N, H, W) uint8 to (N, channels, H, W) in [-1, 1], on their device.

    Gray is repeated over the channels.
    """
    return (images.float() / 127.5 - 1)[:, None].expand(-1, channels, -1, -1)
