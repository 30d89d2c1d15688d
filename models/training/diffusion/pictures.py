"""Pictures for both stages: random crops for the autoencoder, whole pictures for the diffusion.

Whole pictures are never turned or mirrored where that would make another anatomy of them: all radiology
keeps its sides. (`Row.mirror` of data.py is laxer: there a mirror image only has to fit the caption.)
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from siblings import augment, data

SQUARE = 160  # pixels that pictures are kept at; both stages scale down from it
MIRRORED = ("ham10000", "lc25000", "gastrovision", "busi")
SMALLEST = 0.86  # of the width and height that a varied picture still shows


def squares(folder: Path, rows, cache: Path) -> np.ndarray:
    """Every picture at SQUARE pixels each way, stretched, as bytes (n x s x s x 3)."""
    return data.squares(folder, rows, SQUARE, cache)


def scaled(pixels: np.ndarray, size: int) -> torch.Tensor:
    """Bytes (n x s x s x 3) to n x 3 x size x size in -1..1."""
    values = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
    if values.shape[2] != size:
        values = F.interpolate(values, (size, size), mode="bicubic", antialias=True, align_corners=False)
    return values.clamp(0, 255) / 127.5 - 1


def turned(pixels: np.ndarray, turns: int, mirror: bool) -> np.ndarray:
    """A picture (s x s x 3) after quarter turns and perhaps a mirror."""
    pixels = np.rot90(pixels, turns)
    return pixels[:, ::-1] if mirror else pixels


def crops(squares: np.ndarray, numbers, size: int, whole: int, random) -> torch.Tensor:
    """Random squares of pictures for the autoencoder, turned any way: `size` of `whole` pixels.

    How much a crop shows varies by a fifth, so that details come in more than one size.
    """
    edge = min(SQUARE, round(SQUARE * size / whole * random.uniform(0.8, 1.2)))
    result = np.empty((len(numbers), edge, edge, 3), np.uint8)
    for place, number in enumerate(numbers):
        top, left = random.integers(SQUARE - edge + 1, size=2)
        part = squares[number, top : top + edge, left : left + edge]
        result[place] = turned(part, random.integers(4), random.random() < 0.5)
    return scaled(result, size)


def varied(pixels: np.ndarray, row, random) -> np.ndarray:
    """A part of a picture (s x s x 3), mirrored or turned where that is the same anatomy."""
    edge = round(SQUARE * random.uniform(SMALLEST, 1.0))
    top, left = random.integers(SQUARE - edge + 1, size=2)
    turns = random.integers(4) if row.set in augment.NO_UPRIGHT else 0
    mirror = row.set in MIRRORED and random.random() < 0.5
    return turned(pixels[top : top + edge, left : left + edge], turns, mirror)


def shares(rows, wanted: dict[str, float]) -> np.ndarray:
    """How often a step draws each row: dev rows never, the others so that sets have their shares."""
    weights = np.zeros(len(rows))
    for name, share in wanted.items():
        places = [number for number, row in enumerate(rows) if row.set == name and not row.dev]
        if not places:
            raise ValueError(f"the recipe asks for {name}, of which there are no rows")
        weights[places] = share / len(places)
    return weights / weights.sum()
