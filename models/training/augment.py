"""Variants of a picture for training: framing, rotation, brightness, contrast, mirror images."""

import math

import numpy as np
import torch
from torch.nn import functional as F

import preprocess

# Pictures of these sets have no upright: any quarter turn is as good.
NO_UPRIGHT = ("ham10000", "lc25000")


def framing(rows, generator) -> torch.Tensor:
    """An affine matrix a picture (n x 2 x 3): part in view, its place, its angle, its mirror image."""
    count = len(rows)

    def uniform(low, high):
        return low + (high - low) * torch.rand(count, generator=generator)

    part = uniform(0.6, 1.0).sqrt()
    aspect = uniform(-0.15, 0.15).exp()
    width, height = part * aspect, part / aspect
    across = uniform(-1, 1) * (1 - width).clamp(min=0)
    down = uniform(-1, 1) * (1 - height).clamp(min=0)
    angle = uniform(-12, 12) * math.pi / 180
    turns = torch.randint(0, 4, (count,), generator=generator)
    angle += torch.tensor([row.set in NO_UPRIGHT for row in rows]) * turns * math.pi / 2
    flip = torch.rand(count, generator=generator) < 0.5
    mirror = torch.where(flip & torch.tensor([row.mirror for row in rows]), -1.0, 1.0)
    cosine, sine = angle.cos(), angle.sin()
    first = torch.stack([mirror * width * cosine, -height * sine, across], 1)
    second = torch.stack([mirror * width * sine, height * cosine, down], 1)
    return torch.stack([first, second], 1)


def light(values, rows, generator):
    """Brightness, contrast and gamma; a little of the colours where there are any."""
    count = len(rows)

    def uniform(low, high, width=1):
        return low + (high - low) * torch.rand(count, width, 1, 1, generator=generator)

    values = (values / 255).clamp(0, 1) ** uniform(-0.3, 0.3).exp()
    mean = values.mean((1, 2, 3), keepdim=True)
    values = (values - mean) * uniform(-0.3, 0.3).exp() + mean * uniform(0.8, 1.2)
    coloured = torch.tensor([row.set in ("ham10000", "lc25000", "gastrovision") for row in rows])
    values = values * torch.where(coloured[:, None, None, None], uniform(0.9, 1.1, 3), 1.0)
    return values.clamp(0, 1) * 255


def variant(squares, rows, size: int, generator) -> torch.Tensor:
    """A batch of square pictures (n x s x s x 3, bytes) as varied network inputs."""
    values = torch.from_numpy(squares).permute(0, 3, 1, 2).float()
    grid = F.affine_grid(framing(rows, generator), (len(rows), 3, size, size), align_corners=False)
    values = F.grid_sample(values, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return preprocess.normalise(light(values, rows, generator))


def windows(early: np.ndarray, mirror: np.ndarray, smallest: float, random) -> np.ndarray:
    """A window of each stored feature map (n x h x w x c), some as mirror images.

    Convolutions see a window of their input as they would see that part of the picture, so this is
    cropping without running the early blocks again. A batch has one size of windows.
    """
    count, height, width, _ = early.shape
    tall = random.integers(math.ceil(height * smallest), height + 1)
    wide = random.integers(math.ceil(width * smallest), width + 1)
    result = np.empty((count, tall, wide, early.shape[3]), early.dtype)
    for number in range(count):
        top = random.integers(height - tall + 1)
        left = random.integers(width - wide + 1)
        window = early[number, top : top + tall, left : left + wide]
        flip = mirror[number] and random.random() < 0.5
        result[number] = window[:, ::-1] if flip else window
    return result
