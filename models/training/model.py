"""The image encoder: an EfficientNet-Lite trunk and a small head that ends in the text's space.

Batch normalisation is folded into the convolutions as soon as the ImageNet weights are read: the
statistics of ImageNet stay, training changes the folded weights, and what is trained is what is
exported. Padding is TensorFlow's "same": of an odd total the extra row is below and to the right.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

# Width and depth factors of the trunks, after the EfficientNet-Lite release.
TRUNKS = {"lite0": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2)}
# Repeats, kernel, stride, expansion, channels in, channels out: one line a stage.
STAGES = [
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
]
EPSILON = 1e-3  # of the batch normalisation that is folded away
LAST = 1280  # channels that are pooled
EMBEDDING = 384  # all-MiniLM-L6-v2


def channels(count: int, factor: float) -> int:
    """A channel count times the width factor, in steps of eight, never 10 % below."""
    scaled = count * factor
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def block_shapes(trunk: str):
    """Kernel, stride, expansion, channels in and out of each block in order."""
    width, depth = TRUNKS[trunk]
    shapes = []
    for number, (repeats, kernel, stride, expansion, before, after) in enumerate(STAGES):
        ends = number in (0, len(STAGES) - 1)
        repeats = repeats if ends else math.ceil(repeats * depth)
        before = 32 if number == 0 else channels(before, width)
        after = channels(after, width)
        for repeat in range(repeats):
            first = repeat == 0
            shapes.append((kernel, stride if first else 1, expansion, before if first else after, after))
    return shapes


def same(values, kernel: int, stride: int):
    """TensorFlow's padding for a convolution of this kernel and stride."""
    pads = []
    for length in (values.shape[3], values.shape[2]):
        total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(values, pads) if any(pads) else values


class Conv(nn.Conv2d):
    """A convolution with "same" padding."""

    def forward(self, values):
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return F.conv2d(values, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        return F.conv2d(same(values, kernel, stride), self.weight, self.bias, stride, 0, 1, self.groups)


class Block(nn.Module):
    """An inverted residual: expand, filter each channel, project; ReLU6 after the first two."""

    def __init__(self, kernel, stride, expansion, before, after):
        super().__init__()
        inner = before * expansion
        self.expand = Conv(before, inner, 1) if expansion != 1 else None
        self.depthwise = Conv(inner, inner, kernel, stride, groups=inner)
        self.project = Conv(inner, after, 1)
        self.residual = stride == 1 and before == after

    def forward(self, values, drop: float = 0.0):
        inner = values if self.expand is None else F.relu6(self.expand(values))
        inner = self.project(F.relu6(self.depthwise(inner)))
        if not self.residual:
            return inner
        if drop and self.training:
            keep = torch.rand(inner.shape[0], 1, 1, 1) >= drop
            inner = inner * keep / (1 - drop)
        return values + inner


class Encoder(nn.Module):
    """Picture tensors to unit vectors in the space of the text encoder's vectors."""

    def __init__(self, trunk: str, hidden: int, dropout: float = 0.5):
        super().__init__()
        self.trunk = trunk
        shapes = block_shapes(trunk)
        self.stem = Conv(3, 32, 3, 2)
        self.blocks = nn.ModuleList(Block(*shape) for shape in shapes)
        self.last = Conv(shapes[-1][-1], LAST, 1)
        # Mean and spread of the pooled features, set once; the export folds them into `fc1`.
        self.register_buffer("centre", torch.zeros(2 * LAST))
        self.register_buffer("spread", torch.ones(2 * LAST))
        self.fc1 = nn.Linear(2 * LAST, hidden)
        self.fc2 = nn.Linear(hidden, EMBEDDING)
        self.text = nn.Linear(EMBEDDING, EMBEDDING, bias=False)
        nn.init.eye_(self.text.weight)
        self.dropout = dropout

    def early(self, values, cut: int):
        """The stem and the blocks before `cut`."""
        values = F.relu6(self.stem(values))
        for block in self.blocks[:cut]:
            values = block(values)
        return values

    def late(self, values, cut: int, drop: float = 0.0):
        """The blocks from `cut` on, then mean and maximum over the picture."""
        for block in self.blocks[cut:]:
            values = block(values, drop)
        values = F.relu6(self.last(values))
        return torch.cat([values.mean((2, 3)), values.amax((2, 3))], 1)

    def project(self, pooled):
        """Pooled features to unit vectors."""
        pooled = (pooled - self.centre) / self.spread
        pooled = F.dropout(pooled, self.dropout / 2, self.training)
        hidden = F.dropout(F.relu(self.fc1(pooled)), self.dropout, self.training)
        return F.normalize(self.fc2(hidden), dim=1)

    def words(self, texts):
        """The text encoder's vectors to unit vectors of the shared space."""
        return F.normalize(self.text(texts), dim=1)

    def forward(self, values):
        return self.project(self.late(self.early(values, 1), 1))


def read_trunk(encoder: Encoder, file) -> None:
    """Fills the trunk with the ImageNet weights, batch normalisation folded in."""
    state = torch.load(file, map_location="cpu", weights_only=True)

    def fold(conv: Conv, weight: str, norm: str) -> None:
        scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + EPSILON)
        conv.weight.data = (state[f"{weight}.weight"] * scale[:, None, None, None]).contiguous()
        conv.bias.data = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale

    fold(encoder.stem, "_conv_stem", "_bn0")
    for number, block in enumerate(encoder.blocks):
        prefix = f"_blocks.{number}"
        if block.expand is not None:
            fold(block.expand, f"{prefix}._expand_conv", f"{prefix}._bn0")
        fold(block.depthwise, f"{prefix}._depthwise_conv", f"{prefix}._bn1")
        fold(block.project, f"{prefix}._project_conv", f"{prefix}._bn2")
    fold(encoder.last, "_conv_head", "_bn1")
