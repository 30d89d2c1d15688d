"""Factors for quick looks at latents: what each channel gives to red, green and blue.

    python3 models/training/diffusion/preview.py --folder WORK/out --data DATA --cache WORK/cache

Writes `preview.json` into an exported folder: least squares over the means of the latents of dev pictures and the same
pictures at the size of their latents. Colours run from -1 to 1. The program draws its previews by it; without the
file they are gray.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import autoencoder
import export
import pictures
from siblings import data

FILE = "preview.json"
PICTURES = 400  # that the factors are fitted to
BATCH = 16


def fit(latents: torch.Tensor, colours: torch.Tensor) -> dict:
    """Factors and offset from latents (n x channels x h x w) to colours (n x 3 x h x w)."""
    rows = latents.double().permute(0, 2, 3, 1).flatten(0, 2)
    rows = torch.cat([rows, torch.ones(len(rows), 1, dtype=rows.dtype)], 1)
    wanted = colours.double().permute(0, 2, 3, 1).flatten(0, 2)
    solved = torch.linalg.lstsq(rows, wanted).solution
    rounded = [[round(float(value), 5) for value in row] for row in solved]
    return {"factors": rounded[:-1], "offset": rounded[-1]}


def pairs(decoder, squares: np.ndarray, size: int):
    """Means of latents, and pictures as small as those."""
    latents, colours = [], []
    with torch.inference_mode():
        for start in range(0, len(squares), BATCH):
            batch = pictures.scaled(squares[start : start + BATCH], size)
            latents.append(decoder.encode(batch)[0])
            colours.append(F.avg_pool2d(batch, autoencoder.FACTOR))
    return torch.cat(latents), torch.cat(colours)


def run(folder: Path, of_data: Path, cache: Path, most: int) -> None:
    """Writes the file into an exported folder, from so many dev pictures at most."""
    rows = data.read(of_data)
    dev = np.array([number for number, row in enumerate(rows) if row.dev])
    chosen = np.random.default_rng(0).permutation(dev)[:most]
    squares = pictures.squares(of_data, rows, cache)
    size = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))["sample_size"]
    found = fit(*pairs(export.load(folder)[0], squares[np.sort(chosen)], size))
    export.write_json(folder / FILE, found)
    print(f"{len(chosen)} pictures: {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="the --out of export.py")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    arguments = parser.parse_args()
    run(arguments.folder, arguments.data, arguments.cache, arguments.pictures)


if __name__ == "__main__":
    main()
