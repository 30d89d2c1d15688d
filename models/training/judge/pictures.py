"""Features of the pictures that the judge learns from: as they are, varied, and altered as a near copy would be.

Varied ones are cut, brightened or darkened, and often softened: what is synthetic is softer than what is real, and the
judge is asked what a picture shows, not how sharp it is.
"""

from pathlib import Path

import numpy as np

import trunk
from beside import augment, data, preprocess

MIRRORED = ("ham10000", "lc25000", "gastrovision", "busi")
# Sets of which no picture stands on both sides twice: mednist and lc25000 have neighbouring cuts, busi has duplicates.
APART = ("roco", "ham10000", "vqa-rad", "gastrovision", "bone-fracture")
ALTERED = 600  # training pictures that are altered to see what a near copy looks like


def cut(picture: np.ndarray, edge: int, top: int, left: int) -> np.ndarray:
    """A part of a picture, as large as the whole."""
    return preprocess.resize(picture[top : top + edge, left : left + edge], trunk.SEEN)


def softened(values: np.ndarray, size: int) -> np.ndarray:
    """Without what a picture of `size` pixels can't show."""
    return preprocess.resize(preprocess.resize(values, size), trunk.SEEN)


def varied(picture: np.ndarray, row, random) -> np.ndarray:
    """A variant of a picture of SEEN pixels; mirrored or turned where that is the same anatomy."""
    edge = round(trunk.SEEN * random.uniform(0.8, 1.0))
    top, left = random.integers(trunk.SEEN - edge + 1, size=2)
    turns = random.integers(4) if row.set in augment.NO_UPRIGHT else 0
    picture = np.rot90(picture, turns)
    if row.set in MIRRORED and random.random() < 0.5:
        picture = picture[:, ::-1]
    values = cut(picture, edge, top, left)
    if random.random() < 0.6:
        values = softened(values, random.integers(48, 100))
    values = (values - 128) * random.uniform(0.8, 1.2) + 128 + random.uniform(-20, 20)
    return np.rint(values.clip(0, 255)).astype(np.uint8)


def altered(picture: np.ndarray) -> np.ndarray:
    """What a generator that knows a picture by heart might give: cut by 3 % on each side, brighter, softer."""
    margin = round(trunk.SEEN * 0.03)
    values = softened(cut(picture, trunk.SEEN - 2 * margin, margin, margin), 96)
    return np.rint((values * 1.06).clip(0, 255)).astype(np.uint8)


def kept(path: Path, count: int, make) -> np.ndarray:
    """An array of features in halves, made once a part after the other and kept."""
    if not path.exists():
        part = path.with_suffix(".part")
        array = np.lib.format.open_memmap(part, "w+", np.float16, (count, trunk.LAST))
        for start in range(0, count, 64):
            array[start : start + 64] = make(range(start, min(start + 64, count)))
            print(f"{path.name}: {min(start + 64, count)}/{count}", end="\r", flush=True)
        array.flush()
        part.rename(path)
        print()
    return np.load(path).astype(np.float32)


def all_features(network, rows, folder: Path, work: Path):
    """Features of every row as it is, of the training rows varied, and of some of them altered, with their numbers."""
    squares = data.squares(folder, rows, trunk.SEEN, work)
    random = np.random.default_rng(11)
    train = np.array([number for number, row in enumerate(rows) if not row.dev])
    chosen = np.sort(np.random.default_rng(12).choice(train, ALTERED, replace=False))

    def of(name, numbers, change):
        def make(part):
            return trunk.features(network, [change(numbers[place]) for place in part])

        return kept(work / f"{name}-{trunk.INPUT}.npy", len(numbers), make)

    plain = of("plain", range(len(rows)), lambda number: squares[number])
    of_varied = of("varied", train, lambda number: varied(squares[number], rows[number], random))
    of_altered = of("altered", chosen, lambda number: altered(squares[number]))
    return plain, of_varied, of_altered, chosen
