"""From a trained recipe to what the program reads.

    python3 models/training/export.py --run DIR/runs/NAME/late.pt --data DATA --out DIR

Writes `model.safetensors` (halves), `config.json` (architecture, preprocessing, figures,
calibration) and `golden.safetensors` + `golden.json` (inputs and embeddings of 20 pictures and of
four that a formula makes). The figures are those of the written file, read again.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import data
import evaluate
import model
import packages
import preprocess
import text

LIMIT = 20_000_000  # bytes
GOLDEN = 20
SETS = "roco, vqa-rad, bone-fracture, ham10000, lc25000, busi, gastrovision, mednist"


def folded(space: dict, into_text: bool) -> dict:
    """The weights as they are shipped, by name.

    The pooled features' centre and spread go into `fc1`. With `into_text` the text map goes into
    `fc2`: pictures then live in the text encoder's own space and texts need no map.
    """
    state = {name[8:]: value.float() for name, value in space.items() if name.startswith("encoder.")}
    centre, spread, map_ = state.pop("centre"), state.pop("spread"), state.pop("text.weight")
    state["fc1.bias"] = state["fc1.bias"] - state["fc1.weight"] @ (centre / spread)
    state["fc1.weight"] = state["fc1.weight"] / spread
    if into_text:
        state["fc2.weight"] = map_.T @ state["fc2.weight"]
        state["fc2.bias"] = map_.T @ state["fc2.bias"]
    elif not torch.equal(map_, torch.eye(len(map_))):
        state["text.weight"] = map_
    return state


def load(file: Path) -> model.Encoder:
    """An exported encoder, in floats."""
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    state = {name: value.float() for name, value in load_file(file).items()}
    encoder = model.Encoder(metadata["trunk"], state["fc1.weight"].shape[0])
    missing, unexpected = encoder.load_state_dict(state, strict=False)
    if unexpected or set(missing) - {"centre", "spread", "text.weight"}:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    return encoder.eval().to(memory_format=torch.channels_last)


def embed(encoder, inputs: list[np.ndarray]) -> np.ndarray:
    """Unit vectors of network inputs."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(inputs), 32):
            batch = torch.from_numpy(np.stack(inputs[start : start + 32]))
            parts.append(encoder(batch.contiguous(memory_format=torch.channels_last)).numpy())
    return np.concatenate(parts)


def formula_picture(number: int) -> np.ndarray:
    """A picture that any language can make: waves and a grid, of a different shape each."""
    height, width = [(224, 224), (256, 341), (300, 200), (64, 64)][number]
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    c = c * (number % 2)  # every other one is gray
    return ((x * 3 + y * 2 + x * y // 16 % 64 + c * 40 + number * 31) % 256).astype(np.uint8)


def dev_pictures(folder: Path, rows, size: int):
    """Rows and inputs of the dev pictures."""
    chosen, inputs = [], []
    dev = [row for row in rows if row.dev]
    for number, picture in data.pictures(folder, dev):
        chosen.append(dev[number])
        inputs.append(preprocess.tensor(picture, size))
    return chosen, inputs


def quantiles(scores) -> dict:
    """Where scores lie."""
    return {f"q{q:02d}": round(float(np.quantile(scores, q / 100)), 4) for q in (1, 5, 25, 50, 75, 95, 99)}


def figures(encoder, rows, vectors, encode_text) -> dict:
    """Dev figures of the exported weights, and how scores of right and wrong pairs lie."""
    roco = [place for place, row in enumerate(rows) if row.set == "roco"]
    images, texts = vectors[roco], encode_text([rows[place].captions[0] for place in roco])
    scores = texts @ images.T
    result = evaluate.retrieval(images, texts)
    result["text_to_image"]["r10_ci95"] = evaluate.interval(scores)
    result["image_to_text"]["r10_ci95"] = evaluate.interval(scores.T)
    result["zero_shot"] = {}
    for name in sorted({row.set for row in rows if row.label}):
        places = [place for place, row in enumerate(rows) if row.set == name]
        prompts = data.prompts(rows, name)
        classes = np.stack([encode_text(of_class).mean(0) for of_class in prompts.values()])
        labels = np.array([list(prompts).index(rows[place].label) for place in places])
        result["zero_shot"][name] = {
            "macro_accuracy": evaluate.macro_accuracy(vectors[places], classes, labels),
            "classes": len(prompts),
            "n": len(places),
        }
    wrong = scores[~np.eye(len(scores), dtype=bool)]
    # Two pictures of different articles: what "nothing close" is measured by.
    groups = np.array([rows[place].group for place in roco])
    wrong_pictures = (images @ images.T)[groups[:, None] != groups[None, :]]
    best_wrong = np.where(np.eye(len(scores), dtype=bool), -1, scores).max(1)
    result["calibration"] = {
        "right_pairs": quantiles(np.diag(scores)),
        "wrong_pairs": quantiles(wrong) | {"mean": round(float(wrong.mean()), 4), "std": round(float(wrong.std()), 4)},
        "wrong_pictures": quantiles(wrong_pictures),
        "best_wrong_of_pool": quantiles(best_wrong),
    }
    return result


def write_golden(out: Path, encoder, rows, inputs, size: int) -> None:
    """Inputs and embeddings to compare another implementation with."""
    roco = [place for place, row in enumerate(rows) if row.set == "roco"][:GOLDEN]
    made = [preprocess.tensor(formula_picture(number), size) for number in range(4)]
    chosen = [inputs[place] for place in roco] + made
    embeddings = embed(encoder, chosen)
    tensors = {"inputs": torch.from_numpy(np.stack(chosen)), "embeddings": torch.from_numpy(embeddings)}
    save_file(tensors, out / "golden.safetensors")
    names = [rows[place].file for place in roco] + [f"formula {number}" for number in range(4)]
    pictures = [
        {
            "picture": name,
            "sha256_of_input": hashlib.sha256(values.tobytes()).hexdigest(),
            "input_corner": [round(float(v), 6) for v in values[0, 0, :8]],
            "input_mean": [round(float(v), 6) for v in values.mean((1, 2), dtype=np.float64)],
            "embedding": [round(float(v), 6) for v in vector],
        }
        for name, values, vector in zip(names, chosen, embeddings, strict=True)
    ]
    golden = {"script": "models/training/export.py", "pictures": pictures}
    (out / "golden.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, required=True, help="a .pt that train.py wrote")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, help="input size, if other than in training")
    parser.add_argument("--keep-text-map", action="store_true", help="ship text.weight instead of folding it")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    trained = torch.load(arguments.run, map_location="cpu", weights_only=False)
    recipe = trained["recipe"]
    size = arguments.size or recipe["size"]
    state = folded(trained["space"], not arguments.keep_text_map)
    file = arguments.out / "model.safetensors"
    metadata = {
        "format": "mirage-image-encoder/1",
        "trunk": recipe["trunk"],
        "recipe": recipe["name"],
        "size": str(size),
        "training_data": SETS,
        "use": "non-commercial teaching",
    }
    save_file({name: value.half().contiguous() for name, value in state.items()}, file, metadata)
    if file.stat().st_size > LIMIT:
        raise ValueError(f"{file.name} has {file.stat().st_size} bytes, more than {LIMIT}")

    encoder = load(file)
    rows, inputs = dev_pictures(arguments.data, data.read(arguments.data), size)
    vectors = embed(encoder, inputs)
    folder = arguments.text_encoder or packages.text_encoder()

    def encode_text(texts):
        with torch.inference_mode():
            return encoder.words(torch.from_numpy(text.embed(texts, folder))).numpy()

    result = figures(encoder, rows, vectors, encode_text)
    shapes = model.block_shapes(recipe["trunk"])
    config = {
        "format": metadata["format"],
        "name": f"mirage-{recipe['trunk']}-{recipe['name']}",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "dimensions": model.EMBEDDING,
        "preprocessing": {"size": size, "resize": "triangle", "fit": "stretch", "mean": 127.0, "scale": 128.0},
        "trunk": {
            "stem": {"kernel": 3, "stride": 2, "channels": 32},
            "blocks": [dict(zip(("kernel", "stride", "expansion", "in", "out"), shape, strict=True)) for shape in shapes],
            "last": model.LAST,
            "activation": "relu6",
            "padding": "same",
        },
        "pooling": ["mean", "max"],
        "hidden": recipe["hidden"],
        "hidden_activation": "relu",
        "text_map": "text.weight" in state,
        "scale": round(float(trained["space"]["scale"].exp()), 3),
        "training_data": SETS,
        "dev": result,
    }
    (arguments.out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    write_golden(arguments.out, encoder, rows, inputs, size)
    there = result["text_to_image"]
    zero = {name: round(value["macro_accuracy"], 3) for name, value in result["zero_shot"].items()}
    line = (
        f"{recipe['name']} size {size}: dev t2i R@1 {there['r1']:.3f} R@5 {there['r5']:.3f} R@10 {there['r10']:.3f} "
        f"MRR {there['mrr']:.3f} median {there['median_rank']:.0f}; i2t R@10 {result['image_to_text']['r10']:.3f}; "
        f"zero-shot {zero}; {file.stat().st_size} bytes"
    )
    (arguments.out / "status.txt").write_text(line + "\n", encoding="utf-8")
    print(line)


if __name__ == "__main__":
    main()
