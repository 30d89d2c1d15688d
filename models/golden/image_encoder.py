"""Reference embeddings of the starter profile's image encoder, made with PyTorch.

The Rust encoder is compared with them. Run again only when the weights or the pictures change. The
pictures are those of the starter atlas, as `mirage show ID --out FOLDER/NUMBER.jpg` writes them:

    python3 -m pip install -r models/training/requirements.txt
    python3 models/golden/image_encoder.py FOLDER

FOLDER/names.txt has one entry's identifier a line, in the order of the numbers, from 0.
"""

import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "training"))

import export  # noqa: E402
import preprocess  # noqa: E402

WEIGHTS = HERE.parent / "weights" / "image-encoder"


def formula_tensor(number: int, size: int) -> np.ndarray:
    """A network input that any language can make: size x size x 3 in -1..1, as 3 x size x size."""
    y, x, c = np.meshgrid(np.arange(size), np.arange(size), np.arange(3), indexing="ij")
    value = (x * 5 + y * 3 + x * y // 32 % 96 + c * 53 + number * 77) % 256
    return np.ascontiguousarray(((value - 127) / 128).astype(np.float32).transpose(2, 0, 1))


def rounded(vector: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in vector]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    size = json.loads((WEIGHTS / "config.json").read_text())["preprocessing"]["size"]
    encoder = export.load(WEIGHTS / "model.safetensors")
    names = (folder / "names.txt").read_text().split()
    decoded = [preprocess.decode(folder / f"{number}.jpg") for number in range(len(names))]
    formulas = [export.formula_picture(number) for number in range(4)]
    inputs = [preprocess.tensor(picture, size) for picture in decoded + formulas]
    tensors = [formula_tensor(number, size) for number in range(4)]
    embeddings = export.embed(encoder, inputs + tensors)
    entries, made, raw = np.split(embeddings, [len(names), len(names) + len(formulas)])
    golden = {
        "script": "models/golden/image_encoder.py",
        "entries": [
            {"id": name, "embedding": rounded(vector)} for name, vector in zip(names, entries, strict=True)
        ],
        "formula_pictures": [rounded(vector) for vector in made],
        "formula_tensors": [rounded(vector) for vector in raw],
    }
    lines = json.dumps(golden).replace('{"id"', '\n{"id"').replace("], [", "],\n[")
    (HERE / "image_encoder.json").write_text(lines + "\n", encoding="utf-8")
    print(f"{len(names)} entries, {len(made)} pictures, {len(raw)} tensors")


if __name__ == "__main__":
    main()
