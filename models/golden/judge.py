"""References for the judge of synthetic pictures, made with PyTorch.

    python3 -m pip install -r models/training/requirements.txt
    python3 models/golden/judge.py [WEIGHTS]

Writes `judge/old.pt`, a small state dict in PyTorch's old form, and `judge/pictures.json`: what the shipped judge sees
of pictures that a formula makes. Run again only when the weights change. WEIGHTS is the trunk's file, if the package
isn't installed.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "training" / "judge"))

import trunk  # noqa: E402

WEIGHTS = HERE.parent / "weights" / "judge"
OUT = HERE / "judge"
FEATURES = 64  # of 1280, that are kept to compare
SHAPES = [(128, 128), (256, 341), (300, 200), (64, 64)]


def formula_picture(number: int) -> np.ndarray:
    """A picture that any language can make; the same as in `models/training/export.py`, of other shapes."""
    height, width = SHAPES[number]
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    c = c * (number % 2)  # every other one is gray
    return ((x * 3 + y * 2 + x * y // 16 % 64 + c * 40 + number * 31) % 256).astype(np.uint8)


def write_old() -> None:
    """Two tensors that share a storage, one of them turned, and a whole number."""
    first = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    state = {"a": first, "b": first.T, "count": torch.tensor(7)}
    torch.save(state, OUT / "old.pt", _use_new_zipfile_serialization=False)


def rounded(vector) -> list[float]:
    return [round(float(value), 5) for value in vector]


def main() -> None:
    OUT.mkdir(exist_ok=True)
    write_old()
    network = trunk.load(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else trunk.weights_file())
    heads = {name: value.float().numpy() for name, value in load_file(WEIGHTS / "heads.safetensors").items()}
    seen = [trunk.seen(formula_picture(number)) for number in range(len(SHAPES))]
    features = trunk.features(network, seen)
    reduced = (features - heads["space.centre"]) @ heads["space.axes"].T
    pictures = []
    for vector, axes in zip(features, reduced, strict=True):
        scores = {name: heads[f"{name}.weight"] @ vector + heads[f"{name}.bias"] for name in ("modality", "region")}
        pictures.append(
            {name: int(values.argmax()) for name, values in scores.items()}
            | {"features": rounded(vector[:FEATURES]), "reduced": rounded(axes)}
        )
    golden = json.dumps({"script": "models/golden/judge.py", "pictures": pictures})
    (OUT / "pictures.json").write_text(golden.replace('{"modality"', '\n{"modality"') + "\n", encoding="utf-8")
    print(f"{len(pictures)} pictures")


if __name__ == "__main__":
    main()
