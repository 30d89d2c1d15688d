"""What the program compares new pictures with, to notice that the model gives a training picture back.

    python3 models/training/diffusion/remember.py --data DATA --out WORK/out

Writes `known_pictures.safetensors` into the exported folder: of each picture that was trained on its name, its vector
by the starter image encoder (as the encoder sees it at the size that the model draws) and the mean brightness of 16 by
16 cells. None of the pictures can be seen from it. `ship.py` ships it with the rest.
"""

import argparse
import importlib.util
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from siblings import data, preprocess

FILE = "known_pictures.safetensors"
WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "image-encoder"
CELLS = 16
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
BATCH = 32


def seen(picture: np.ndarray, size: int) -> np.ndarray:
    """A picture stretched to the size that the model draws, as bytes."""
    return np.rint(preprocess.resize(picture, size)).clip(0, 255).astype(np.uint8)


def brightness(picture: np.ndarray) -> np.ndarray:
    """Mean brightness of the cells, row by row, as `Fingerprint::of` computes it."""
    cells = np.rint(preprocess.resize(picture, CELLS)).clip(0, 255)
    return np.rint(cells @ LUMA).clip(0, 255).astype(np.uint8).ravel()


def identity() -> str:
    """Name and version of the encoder, as the program writes them."""
    config = json.loads((WEIGHTS / "config.json").read_text(encoding="utf-8"))
    return f"{config['name']}@{config['sha256'][:8]}"


def siblings_export():
    """`export.py` of the folder above, which this folder has one of its own name of."""
    spec = importlib.util.spec_from_file_location("siblings_export", WEIGHTS.parents[1] / "training" / "export.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def look(folder: Path, rows, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and maps of the rows' pictures, in the order of the rows."""
    exported = siblings_export()
    encoder = exported.load(WEIGHTS / "model.safetensors")
    side = json.loads((WEIGHTS / "config.json").read_text(encoding="utf-8"))["preprocessing"]["size"]
    vectors, maps = [None] * len(rows), np.zeros((len(rows), CELLS * CELLS), np.uint8)
    waiting: list[tuple[int, np.ndarray]] = []

    def flush() -> None:
        if waiting:
            found = exported.embed(encoder, [inputs for _, inputs in waiting])
            for (number, _), vector in zip(waiting, found, strict=True):
                vectors[number] = vector
            waiting.clear()

    for number, picture in data.pictures(folder, rows):
        stretched = seen(picture, size)
        maps[number] = brightness(stretched)
        waiting.append((number, preprocess.tensor(stretched, side)))
        if len(waiting) == BATCH:
            flush()
    flush()
    missing = [rows[number].id for number, vector in enumerate(vectors) if vector is None]
    if missing:
        raise ValueError(f"{len(missing)} pictures are missing from the archives, such as {missing[0]}")
    return np.stack(vectors), maps


def write(out: Path, names: list[str], vectors: np.ndarray, maps: np.ndarray) -> None:
    """The file; names must have no line breaks."""

    def text(content: str) -> torch.Tensor:
        return torch.frombuffer(bytearray(content.encode()), dtype=torch.uint8)

    tensors = {
        "encoder": text(identity()),
        "names": text("\n".join(names)),
        "vectors": torch.from_numpy(vectors).half(),
        "maps": torch.from_numpy(maps),
    }
    save_file(tensors, out / FILE)
    (out / FILE).chmod(0o644)


def check(file: Path, names: list[str]) -> None:
    """Refuses a file of other pictures, or by another encoder."""
    found = {name: bytes(value.tolist()).decode() for name, value in load_file(file).items() if name in ("encoder", "names")}
    if found != {"encoder": identity(), "names": "\n".join(names)}:
        raise ValueError(f"{file} is of other pictures or by another encoder; run remember.py again")


def run(folder: Path, out: Path, size: int, made: Path | None = None) -> None:
    """Writes the file into `out`; `folder` has the data, `size` is the side of the pictures that the model draws.

    `made` is such a file of an earlier run: it depends on the pictures and on the encoder alone.
    """
    rows = [row for row in data.read(folder) if not row.dev]
    names = [f"{row.set}/{row.id}" for row in rows]
    if made is None:
        write(out, names, *look(folder, rows, size))
    else:
        check(made, names)
        (out / FILE).write_bytes(made.read_bytes())
    print(f"{len(rows)} pictures are remembered")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that data.py reads")
    parser.add_argument("--out", type=Path, required=True, help="the --out of export.py")
    parser.add_argument("--size", type=int, default=128, help="side of the pictures that the model draws")
    arguments = parser.parse_args()
    run(arguments.data, arguments.out, arguments.size)


if __name__ == "__main__":
    main()
