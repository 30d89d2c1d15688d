"""How unlike two pictures look to EfficientNet-Lite0: the light perceptual part of the autoencoder's loss.

As LPIPS (arXiv:1801.03924) does without its learned weights: features at four depths, of unit length at
every place, and the mean of their squared differences. The network is frozen.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from siblings import model, preprocess

DEPTHS = (1, 3, 5, 8)  # blocks that have run: 1/2, 1/4, 1/8 and 1/16 of the size


class Perceptual(nn.Module):
    """The distance of pictures in -1..1."""

    def __init__(self, trunk: Path):
        super().__init__()
        self.trunk = model.Encoder("lite0", 8)
        model.read_trunk(self.trunk, trunk)
        self.trunk.requires_grad_(False).eval()

    def features(self, pictures):
        """Unit features at every place, at each depth."""
        values = F.relu6(self.trunk.stem(preprocess.normalise((pictures + 1) * 127.5)))
        found = []
        for number, block in enumerate(self.trunk.blocks[: DEPTHS[-1]]):
            values = block(values)
            if number + 1 in DEPTHS:
                found.append(F.normalize(values, dim=1))
        return found

    def forward(self, made, real):
        with torch.no_grad():
            wanted = self.features(real)
        pairs = zip(self.features(made), wanted, strict=True)
        return sum((a - b).square().sum(1).mean() for a, b in pairs)
