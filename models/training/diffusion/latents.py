"""Between the stages: every picture through the finished autoencoder, once, so that a step of the
diffusion costs the UNet alone.

A few variants of each picture are kept, the first as it is; of each the mean and the spread of its
latents, in halves. Before that the latents get mean 0 and spread 1 a channel (`Autoencoder.whiten`).
"""

from pathlib import Path

import numpy as np
import torch

import pictures
import progress
from autoencoder import LATENT, Autoencoder

STAGE = 2
BATCH = 16
LOOKED_AT = 768  # pictures that the mean and the spread of the latents are measured on


def whitened(network: Autoencoder, squares, rows, size: int, seed: int, device) -> Autoencoder:
    """The autoencoder with latents of mean 0 and spread 1 a channel."""
    train = [number for number, row in enumerate(rows) if not row.dev]
    chosen = np.sort(np.random.default_rng(seed).permutation(train)[:LOOKED_AT])
    generator = torch.Generator().manual_seed(seed)
    values = []
    with torch.inference_mode():
        for start in range(0, len(chosen), BATCH):
            batch = pictures.scaled(squares[chosen[start : start + BATCH]], size).to(device)
            mean, variance = network.encode(batch)
            values.append(mean + torch.randn(mean.shape, generator=generator).to(mean) * (variance / 2).exp())
        values = torch.cat(values)
    network.whiten(values.mean((0, 2, 3)).clone(), values.std((0, 2, 3)).clone())
    return network


def batches(squares, rows, variant: int, size: int, seed: int):
    """Where a batch begins, and its pictures in one variant."""
    for start in range(0, len(rows), BATCH):
        end = min(start + BATCH, len(rows))
        if variant == 0:
            yield start, pictures.scaled(squares[start:end], size)
            continue
        parts = []
        for number in range(start, end):
            random, _ = progress.draws(seed, STAGE, variant * len(rows) + number)
            parts.append(pictures.scaled(pictures.varied(squares[number], rows[number], random)[None], size))
        yield start, torch.cat(parts)


def write(path: Path, network: Autoencoder, squares, rows, variant: int, r, arguments, log) -> None:
    """Means and spreads (rows x 8 x h x w, halves) of one variant."""
    place = r.size // 8
    part = path.with_suffix(".part")
    array = np.lib.format.open_memmap(part, "w+", np.float16, (len(rows), 2 * LATENT, place, place))
    for start, batch in batches(squares, rows, variant, r.size, r.seed):
        with torch.inference_mode():
            mean, variance = network.encode(batch.to(arguments.device))
            both = torch.cat([mean, (variance / 2).exp()], 1).cpu()
        array[start : start + len(both)] = both.half().numpy()
        if start // BATCH % 100 == 99:
            log(f"latents, variant {variant}: {start + BATCH}/{len(rows)}")
    array.flush()
    part.replace(path)


def made(network: Autoencoder, squares, rows, r, arguments, log, stop) -> list[np.ndarray] | None:
    """The latents of all variants, from files where they are there; nothing if the run is to stop."""
    found = []
    for variant in range(r.variants):
        path = arguments.work / "cache" / f"latents-{variant}.npy"
        if not path.exists():
            write(path, network, squares, rows, variant, r, arguments, log)
        if stop.asked:
            return None
        found.append(np.load(path, mmap_mode="r"))
    return found
