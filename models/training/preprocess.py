"""From a decoded picture to the network's input. This is the one definition of it.

The Rust side repeats these steps; `export.py` writes golden tensors that hold both together.

1. Decode to 8-bit RGB. Gray becomes three equal channels; transparency is laid on black.
2. Resize to SIZE x SIZE with a triangle filter (bilinear, widened when shrinking, so that nothing
   aliases), width and height each by its own factor: the whole picture stays in view, nothing is
   cropped, nothing is padded. In floating point, without rounding between the two passes.
3. Normalise: (value - 127) / 128.
"""

import numpy as np
from PIL import Image

MEAN, SCALE = 127.0, 128.0


def decode(file) -> np.ndarray:
    """A picture file as RGB, height x width x 3, bytes."""
    picture = Image.open(file)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, picture)
    return np.asarray(picture.convert("RGB"))


def triangle(source: int, target: int) -> np.ndarray:
    """The matrix (target x source) that resizes one axis; each row sums to one."""
    step = source / target
    reach = max(step, 1.0)
    centres = (np.arange(target) + 0.5) * step
    pixels = np.arange(source) + 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(pixels[None, :] - centres[:, None]) / reach)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def resize(picture: np.ndarray, size: int) -> np.ndarray:
    """height x width x 3 to size x size x 3, as float32 in 0..255."""
    height, width, _ = picture.shape
    rows = np.tensordot(triangle(height, size), picture.astype(np.float32), axes=(1, 0))
    columns = np.tensordot(triangle(width, size), rows, axes=(1, 1))
    return columns.transpose(1, 0, 2)


def normalise(values):
    """0..255 to what the network takes; for numpy and torch alike."""
    return (values - MEAN) / SCALE


def tensor(picture: np.ndarray, size: int) -> np.ndarray:
    """RGB bytes to the network's input, 3 x size x size."""
    return np.ascontiguousarray(normalise(resize(picture, size)).transpose(2, 0, 1))
