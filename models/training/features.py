"""Outputs of the trunk's early blocks, computed once and memory-mapped.

The early blocks stay as ImageNet left them, so their outputs for a few variants of each picture are
made once. An epoch then costs the late blocks alone, which is what makes training on a CPU possible.
"""

import time
from pathlib import Path

import numpy as np
import torch

import augment
import data
import preprocess

BATCH = 32


def chosen(rows, variant: int) -> list[int]:
    """The training rows of a variant: all that have no label; of the others half, then a quarter each."""
    train = [number for number, row in enumerate(rows) if not row.dev]
    if variant == 0:
        return [number for number in train if not rows[number].label or number % 2 == 0]
    return [number for number in train if not rows[number].label or number % 4 == variant % 4]


def write(path: Path, encoder, cut: int, batches, count: int, log) -> None:
    """Runs `early` over batches of inputs into an array of halves, channels last."""
    part = path.with_suffix(".part")
    array, done, start = None, 0, time.time()
    for values in batches:
        values = values.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            early = encoder.early(values, cut).permute(0, 2, 3, 1).half().numpy()
        if array is None:
            array = np.lib.format.open_memmap(part, "w+", np.float16, (count, *early.shape[1:]))
        array[done : done + len(early)] = early
        done += len(early)
        if done // BATCH % 40 == 0:
            log(f"{path.name}: {done}/{count}, {done / (time.time() - start):.1f} pictures/s")
    array.flush()
    part.rename(path)


def varied(encoder, rows, squares, size: int, cut: int, variant: int, seed: int, cache: Path, log):
    """Row numbers and early features of one augmented variant of the training pictures."""
    numbers = chosen(rows, variant)
    path = cache / f"early-{encoder.trunk}-{size}-cut{cut}-v{variant}.npy"
    if not path.exists():
        generator = torch.Generator().manual_seed(seed * 1000 + variant)

        def batches():
            for start in range(0, len(numbers), BATCH):
                part = numbers[start : start + BATCH]
                yield augment.variant(squares[part], [rows[number] for number in part], size, generator)

        write(path, encoder, cut, batches(), len(numbers), log)
    return numbers, np.load(path, mmap_mode="r")


def exact(encoder, rows, wanted, folder: Path, size: int, cut: int, name: str, cache: Path, log):
    """Row numbers and early features of pictures that are prepared exactly as at inference."""
    path = cache / f"early-{encoder.trunk}-{size}-cut{cut}-{name}.npy"
    order = path.with_suffix(".rows.npy")
    if not path.exists():
        numbers = []

        def batches():
            batch = []
            for number, picture in data.pictures(folder, [rows[number] for number in wanted]):
                numbers.append(wanted[number])
                batch.append(preprocess.tensor(picture, size))
                if len(batch) == BATCH or len(numbers) == len(wanted):
                    yield torch.from_numpy(np.stack(batch))
                    batch.clear()

        write(path, encoder, cut, batches(), len(wanted), log)
        np.save(order, np.array(numbers))
    return np.load(order).tolist(), np.load(path, mmap_mode="r")


def to_torch(halves: np.ndarray) -> torch.Tensor:
    """Stored features as the network takes them: floats, channels last in memory."""
    return torch.from_numpy(np.array(halves)).float().permute(0, 3, 1, 2)
