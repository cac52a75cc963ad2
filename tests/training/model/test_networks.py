"""Shapes, sizes and arithmetic of the networks."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.errors import ModelError
from training.model.model_settings import MODELS
from training.model.network_input import to_input
from training.model.networks import build, output_length
from training.model.preprocess import bucket_width, pad_lines
from training.model.recogniser import Recogniser

torch.set_num_threads(1)

SIZES = {  # parameters at 5990 classes, time steps at 280 px
    "crnn": (11_385_190, 71),
    "crnn_v2": (6_759_110, 72),
    "crnn_res": (23_878_886, 70),
    "crnn_lite": (3_087_718, 70),
}
Array = NDArray[np.float64]


def tiny(name: str, **options: float) -> Recogniser:
    torch.manual_seed(1)
    network = build(name, 7, hidden=4, width_multiplier=0.125, **options)  # type: ignore[arg-type]
    for module in network.modules():  # so that normalisation is no identity
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) * 0.3
            module.running_var = torch.rand(module.num_features) + 0.5
            torch.nn.init.normal_(module.weight, 1, 0.2)
            torch.nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


@pytest.mark.parametrize("name", MODELS)
def test_sizes(name: str) -> None:
    parameters, steps = SIZES[name]
    with torch.device("meta"):
        network = build(name, 5990)
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert output_length(name, 280) == steps


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("width", [40, 41, 42, 43, 280])
def test_output_length_is_what_forward_gives(name: str, width: int) -> None:
    network = tiny(name)
    with torch.no_grad():
        logits = network(torch.zeros(2, 1, 32, width))
    assert logits.shape == (network.output_length(width), 2, 7)


def test_published_parameter_names() -> None:
    crnn = set(tiny("crnn").state_dict())
    assert {"conv1.weight", "conv3_1.bias", "bn3.running_mean", "conv5.bias", "bn5.weight"} <= crnn
    assert {"rnn.0.rnn.weight_ih_l0_reverse", "rnn.1.embedding.bias"} <= crnn
    v2 = set(tiny("crnn_v2").state_dict())
    assert {"conv1_1.bias", "bn1_2.weight", "conv4_2.weight", "bn5.running_var"} <= v2
    res = set(tiny("crnn_res").state_dict())
    assert {"res2_1.group1.conv1.weight", "res4_3.group1.bn2.bias"} <= res
    assert {"res3_1.downsample.0.weight", "res3_1.downsample.1.running_mean"} <= res
    assert "res1.group1.conv1.bias" not in res and "res1.downsample.0.weight" not in res


def test_the_lite_network_keeps_its_sizes_unless_told_otherwise() -> None:
    lite = build("crnn_lite", 50)
    assert lite.settings.hidden == 160 and lite.rnn[0].rnn.hidden_size == 160
    assert build("crnn_lite", 50, hidden=24).rnn[0].rnn.hidden_size == 24
    assert build("crnn", 50).settings.hidden == 256
    # all classes are computed from 128 numbers per time step
    assert lite.state_dict()["rnn.1.embedding.weight"].shape == (50, 128)


@pytest.mark.parametrize("name", MODELS)
def test_forward_against_a_slow_reference(name: str) -> None:
    network = tiny(name)
    images = np.random.default_rng(3).uniform(-1, 1, (2, 1, 32, 22))
    with torch.no_grad():
        logits = network.double()(torch.from_numpy(images))
    weights = {key: value.numpy() for key, value in network.state_dict().items()}
    np.testing.assert_allclose(logits.numpy(), Reference(weights).read(name, images), atol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_frame_of_finds_the_step_that_looks_at_a_place(name: str) -> None:
    """A dot on blank ground changes the middle of its steps most, before the LSTMs mix them."""
    network = tiny(name)
    for x_px in (22, 101, 150):
        dotted = torch.zeros(1, 1, 32, 200)
        dotted[..., x_px - 1 : x_px + 1] = 1
        with torch.no_grad():
            change = network.features(dotted) - network.features(torch.zeros(1, 1, 32, 200))
        energy = change.square().sum((0, 1, 2))
        steps = torch.arange(len(energy))
        centre = float((energy * steps).sum() / energy.sum())
        assert abs(centre - float(network.frame_of(torch.tensor(float(x_px))))) < 1.6
    assert torch.isnan(network.frame_of(torch.tensor(float("nan"))))


@pytest.mark.parametrize("name", MODELS)
def test_a_line_reads_the_same_whatever_it_is_batched_with(name: str) -> None:
    network, rng = tiny(name), np.random.default_rng(0)
    lines = [rng.integers(0, 255, (32, width), dtype=np.uint8) for width in (90, 101, 120)]
    assert {bucket_width(line.shape[1]) for line in lines} == {120}
    with torch.no_grad():
        together = network(to_input(torch.from_numpy(pad_lines(lines, 120))))
        for i, line in enumerate(lines):
            alone = network(to_input(torch.from_numpy(pad_lines([line], 120))))
            torch.testing.assert_close(together[:, i], alone[:, 0], atol=1e-4, rtol=0)


def test_buckets_hold_their_lines() -> None:
    widths = range(1, 1500)
    assert all(width <= bucket_width(width) < width + 80 for width in widths)
    assert [bucket_width(w) for w in (1, 40, 41, 280, 281, 320, 321)] == [
        *(40, 40, 80, 280, 320, 320, 400)
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "vgg"}, "there are crnn, crnn_v2, crnn_res, crnn_lite"),
        ({"height_px": 48}, "lines of 32 px only"),
        ({"channels": 2}, "2 channels"),
        (
            {"width_multiplier": 0.0, "hidden": 0},
            "hidden 0 is not in 1 to 8192; width mu",
        ),
    ],
)
def test_impossible_networks_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build(**{"name": "crnn", "classes": 10, **options})  # type: ignore[arg-type]


class Reference:
    """The networks once more, as NumPy loops over pixels, nothing from torch."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights

    def read(self, name: str, x: Array) -> Array:
        stacks = {"crnn": self.crnn, "crnn_v2": self.v2, "crnn_res": self.res}
        columns = {**stacks, "crnn_lite": self.lite}[name](x)
        n, c, h, t = columns.shape
        sequence = columns.reshape(n, c * h, t).transpose(2, 0, 1)
        for layer in ("rnn.0", "rnn.1"):
            if f"{layer}.rnn.weight_ih_l0" not in self.weights:
                sequence = self.linear(sequence, layer)
                continue
            ahead = self.lstm(sequence, f"{layer}.rnn", "")
            back = self.lstm(sequence[::-1], f"{layer}.rnn", "_reverse")[::-1]
            both = np.concatenate([ahead, back], axis=2)
            sequence = self.linear(both, layer)
        return sequence

    def linear(self, x: Array, layer: str) -> Array:
        weight, bias = (self.weights[f"{layer}.embedding.{part}"] for part in ("weight", "bias"))
        return x @ weight.T + bias

    def crnn(self, x: Array) -> Array:
        x = maximum(relu(self.conv(x, "conv1")), (2, 2), 0)
        x = maximum(relu(self.conv(x, "conv2")), (2, 2), 0)
        x = relu(self.norm(self.conv(x, "conv3_1"), "bn3"))
        x = maximum(relu(self.conv(x, "conv3_2")), (2, 1), 1)
        x = relu(self.norm(self.conv(x, "conv4_1"), "bn4"))
        x = maximum(relu(self.conv(x, "conv4_2")), (2, 1), 1)
        return relu(self.norm(self.conv(x, "conv5", padding=0), "bn5"))

    def v2(self, x: Array) -> Array:
        for stage in (1, 2, 3, 4):
            for layer in (f"{stage}_1", f"{stage}_2"):
                x = relu(self.norm(self.conv(x, f"conv{layer}"), f"bn{layer}"))
            x = maximum(x, (2, 2), 0) if stage < 3 else maximum(x, (2, 1), 1)
        return self.norm(x, "bn5")

    def res(self, x: Array) -> Array:
        x = relu(self.conv(x, "conv1"))
        blocks = ["res1", *(f"res{i}_{j}" for i in (2, 3, 4) for j in (1, 2, 3))]
        blocks.remove("res2_3")
        strides = {"res2_1": (2, 2), "res3_1": (2, 2), "res4_1": (2, 1)}
        for block in blocks:
            x = self.residual(x, block, strides.get(block, (1, 1)))
        return relu(self.norm(self.conv(average(x), "conv5", padding=0), "bn5"))

    def lite(self, x: Array) -> Array:
        for i in (1, 2):
            x = relu(self.norm(self.conv(x, f"conv{i}", (2, 2)), f"bn{i}"))
        strides = {"res2_1": (2, 1), "res3_1": (2, 1)}
        for block in ("res1_1", "res1_2", "res2_1", "res2_2", "res3_1", "res3_2"):
            x = self.residual(x, block, strides.get(block, (1, 1)))
        return x

    def residual(self, x: Array, block: str, stride: tuple[int, int]) -> Array:
        y = relu(self.norm(self.conv(x, f"{block}.group1.conv1", stride), f"{block}.group1.bn1"))
        y = self.norm(self.conv(y, f"{block}.group1.conv2"), f"{block}.group1.bn2")
        if f"{block}.downsample.0.weight" in self.weights:
            x = self.conv(x, f"{block}.downsample.0", stride, padding=0)
            x = self.norm(x, f"{block}.downsample.1")
        return relu(x + y)

    def conv(
        self, x: Array, name: str, stride: tuple[int, int] = (1, 1), padding: int = 1
    ) -> Array:
        kernel = self.weights[f"{name}.weight"]  # (out, in, kh, kw)
        bias = self.weights.get(f"{name}.bias", np.zeros(len(kernel)))
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        size = kernel.shape[2:]
        rows = range(0, x.shape[2] - size[0] + 1, stride[0])
        columns = range(0, x.shape[3] - size[1] + 1, stride[1])
        out = np.empty((len(x), len(kernel), len(rows), len(columns)))
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                window = x[:, :, row : row + size[0], column : column + size[1]]
                out[:, :, i, j] = np.tensordot(window, kernel, ([1, 2, 3], [1, 2, 3])) + bias
        return out

    def norm(self, x: Array, name: str) -> Array:
        mean, var = self.weights[f"{name}.running_mean"], self.weights[f"{name}.running_var"]
        scale = self.weights[f"{name}.weight"] / np.sqrt(var + 1e-5)
        shift = self.weights[f"{name}.bias"] - mean * scale
        return x * scale[:, None, None] + shift[:, None, None]

    def lstm(self, x: Array, name: str, suffix: str) -> Array:
        inputs, states = (self.weights[f"{name}.weight_{k}_l0{suffix}"] for k in ("ih", "hh"))
        bias = (
            self.weights[f"{name}.bias_ih_l0{suffix}"] + self.weights[f"{name}.bias_hh_l0{suffix}"]
        )
        h = c = np.zeros((x.shape[1], states.shape[1]))
        out = []
        for step in x:
            i, f, g, o = np.split(step @ inputs.T + h @ states.T + bias, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            out.append(h)
        return np.stack(out)


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def maximum(x: Array, stride: tuple[int, int], side: int) -> Array:
    x = np.pad(x, ((0, 0), (0, 0), (0, 0), (side, side)), constant_values=-np.inf)
    return pooled(x, stride, np.max)


def average(x: Array) -> Array:
    return pooled(np.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1))), (2, 1), np.mean)


def pooled(x: Array, stride: tuple[int, int], reduce: object) -> Array:
    rows, columns = range(0, x.shape[2] - 1, stride[0]), range(0, x.shape[3] - 1, stride[1])
    cells = [[reduce(x[:, :, r : r + 2, c : c + 2], axis=(2, 3)) for c in columns] for r in rows]  # type: ignore[operator]
    return np.stack([np.stack(row, axis=-1) for row in cells], axis=-2)
