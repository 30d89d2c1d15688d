"""Pictures side by side with their prompts below, as one PNG."""

import textwrap
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

LINES, LINE, MARGIN = 3, 12, 6  # of a prompt; pixels a line; pixels between pictures


def to_bytes(pictures: torch.Tensor) -> np.ndarray:
    """n x 3 x h x w in -1..1 to n x h x w x 3 bytes."""
    values = ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte()
    return values.permute(0, 2, 3, 1).contiguous().numpy()


def save(path: Path, pictures: torch.Tensor, prompts: list[str], columns: int, scale: int = 1) -> None:
    """Writes the sheet; every picture is synthetic, and the sheet says so."""
    pixels = to_bytes(pictures)
    edge = pixels.shape[1] * scale
    cell, height = edge + MARGIN, edge + MARGIN + LINES * LINE
    rows = -(-len(pixels) // columns)
    page = Image.new("RGB", (columns * cell + MARGIN, rows * height + 2 * MARGIN + LINE), "white")
    draw = ImageDraw.Draw(page)
    draw.text((MARGIN, MARGIN // 2), "SYNTHETIC: no picture here is of a person", fill="black")
    for number, (picture, prompt) in enumerate(zip(pixels, prompts, strict=True)):
        left, top = MARGIN + number % columns * cell, MARGIN + LINE + number // columns * height
        page.paste(Image.fromarray(picture).resize((edge, edge), Image.Resampling.BICUBIC), (left, top))
        lines = textwrap.wrap(prompt, max(8, edge // 6))[:LINES]
        for line, words in enumerate(lines):
            draw.text((left, top + edge + 1 + line * LINE), words, fill="black")
    page.save(path)
