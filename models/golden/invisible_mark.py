"""The invisible mark of synthetic pictures in numpy: references for `src/generate/mark/invisible.rs`, and figures.

    python3 -m pip install numpy pillow
    python3 models/golden/invisible_mark.py                # writes invisible_mark.json
    python3 models/golden/invisible_mark.py measure DATA   # how it fares on real pictures

DATA is a folder of NAME.tar with pictures. The first figures are scores of real pictures without the mark, the others
how many of those that were marked are still found.
"""

import io
import json
import pathlib
import random
import sys
import tarfile

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HERE = pathlib.Path(__file__).resolve().parent
FONT = HERE.parents[1] / "src" / "compare" / "font" / "DejaVuSansCondensed-Bold.ttf"

SIDE, LENGTH, FINE = 256, 512, 2
REACH, LIMIT = 4, 1.5
HEIGHT = 0.521
THRESHOLD = 64.8
WAVES = np.array(
    [(-10, 44), (-35, 9), (17, 17), (-29, 21), (-19, 30), (40, 24), (39, 14), (-39, 25), (25, 31), (-6, 19), (-25, 10)]
    + [(20, 40), (6, 21), (19, 8), (-19, 19), (30, 16), (-21, 41), (28, 6), (-44, 13), (-29, 31), (16, 30), (8, 40)]
    + [(-9, 34), (7, 30)]
)
SHARES = 1 - 0.00625 * np.arange(62)
RING = [(x, y) for x in range(-5, 6) for y in range(-5, 6) if max(abs(x), abs(y)) >= 3]


def limited(values: np.ndarray) -> np.ndarray:
    """How each value differs from the mean of its surroundings, limited."""
    padded = np.pad(values, REACH, mode="edge")
    window = 2 * REACH + 1
    means = np.lib.stride_tricks.sliding_window_view(padded, (window, window)).mean((2, 3))
    difference = values - means
    return difference / np.sqrt(difference**2 + LIMIT**2)


def spectrum(picture: Image.Image) -> np.ndarray:
    """The transform with frequency 0 in the middle, rows down."""
    colours = np.asarray(picture.convert("RGB"), np.int64)
    gray = Image.fromarray((colours @ np.array([2126, 7152, 722]) // 10_000).astype(np.uint8))
    small = np.asarray(gray.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float64)
    window = np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE)
    values = np.zeros((LENGTH, LENGTH))
    values[:SIDE, :SIDE] = limited(small) * np.outer(window, window)
    return np.fft.fftshift(np.fft.fft2(values))


def embed(picture: Image.Image) -> Image.Image:
    """The picture with the mark at its faintest."""
    values = np.asarray(picture.convert("RGB"), np.float64)
    height, width = values.shape[:2]
    bins, middle = spectrum(picture), LENGTH // 2
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    waves = np.zeros((height, width))
    for number, (x, y) in enumerate(WAVES):
        value = bins[middle + FINE * y, middle + FINE * x]
        begin = np.angle(value) - np.pi * (x + y) / SIDE if value else number * 2.4
        waves += HEIGHT * np.cos(2 * np.pi * (x * across[None, :] + y * down[:, None]) + begin)
    return Image.fromarray(np.clip(np.rint(values + waves[..., None]), 0, 255).astype(np.uint8))


def score(picture: Image.Image, positions: int = 4) -> float:
    """How far the waves stand out, over all shares and positions."""
    power = np.abs(spectrum(picture)) ** 2
    stronger = sum(np.roll(power, (-FINE * y, -FINE * x), (0, 1)) >= power for x, y in RING)
    scores = -np.log((stronger + 0.5) / (len(RING) + 1))
    best, middle = 0.0, LENGTH // 2
    for position in range(positions):
        x, y = WAVES[:, 0] * (-1 if position & 1 else 1), WAVES[:, 1]
        x, y = (y, x) if position & 2 else (x, y)
        across = np.rint(np.outer(SHARES, FINE * x)).astype(int) + middle
        down = np.rint(np.outer(SHARES, FINE * y)).astype(int) + middle
        best = max(best, float(scores[down[:, None, :], across[None, :, :]].sum(2).max()))
    return best


def formula_picture(number: int) -> Image.Image:
    """A picture that any language can make."""
    height, width = [(512, 512), (570, 512), (300, 200), (256, 341)][number]
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    rough = ((x * 73_856_093) ^ (y * 19_349_663) ^ (number * 83_492_791)) // 256 % 64
    value = (x * (number + 2) // 4 + y * 3 // 5) % 256
    value = np.where(value < 128, value, 255 - value) + rough
    return Image.fromarray(np.repeat(value.astype(np.uint8)[..., None], 3, 2))


def framed(picture: Image.Image) -> Image.Image:
    """A picture as it is posted: 512 pixels wide, between the bands."""
    width, height = 512, 512
    band = width // 18
    canvas = Image.new("RGB", (width, height + 2 * band), (16, 16, 20))
    canvas.paste(picture.resize((width, height), Image.Resampling.BICUBIC), (0, band))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.truetype(str(FONT), band * 1.5 * 2048 / 2384)
    for edge in (band, band + height):
        for left in (35, 273):
            draw.text((left, edge + band * 0.47), "SYNTHETIC", "white", font, "ls", stroke_width=2, stroke_fill="black")
    return canvas


def jpeg(picture: Image.Image, quality: int = 70) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BILINEAR)


def cut(picture: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = picture.size
    box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
    return picture.crop(tuple(round(value) for value in box))


def altered(marked: Image.Image):
    """Ways in which a picture goes around, each with its name."""
    yield "as it is", marked
    yield "JPEG 70", jpeg(marked)
    yield "half size", half(marked)
    yield "a tenth cut off a side", cut(marked, *random.choice([(0.1, 0, 0, 0), (0, 0.1, 0, 0), (0, 0, 0.1, 0), (0, 0, 0, 0.1)]))
    one = cut(jpeg(marked), *random.choice([(0.1, 0, 0, 0), (0, 0.1, 0, 0), (0, 0, 0.1, 0), (0, 0, 0, 0.1)]))
    yield "JPEG 70, a tenth cut off a side, half size, JPEG 70", jpeg(half(one))
    yield "JPEG 70, a tenth cut off all sides, half size, JPEG 70", jpeg(half(cut(jpeg(marked), 0.1, 0.1, 0.1, 0.1)))
    band = (marked.height - marked.width) / 2 / marked.height
    yield "bands cut off, half size, JPEG 70", jpeg(half(cut(marked, 0, band, 0, band)))
    yield "300 pixels wide, JPEG 40", jpeg(marked.resize((300, 300 * marked.height // marked.width)), 40)


def pictures(folder: pathlib.Path, most: int):
    """Some pictures of each archive, the same on every run."""
    for archive in sorted(folder.glob("*.tar")):
        with tarfile.open(archive) as opened:
            members = [member for member in opened if member.isfile()]
            for member in random.sample(members, min(most, len(members))):
                yield Image.open(io.BytesIO(opened.extractfile(member).read())).convert("RGB")


def measure(folder: pathlib.Path) -> None:
    random.seed(7)
    plain = np.array([score(picture) for picture in pictures(folder, 10**9 if "--all" in sys.argv else 50)])
    print(f"{len(plain)} without the mark: mean {plain.mean():.1f}, spread {plain.std():.1f}, largest {plain.max():.1f}")
    found: dict[str, list[float]] = {}
    decibels = []
    for picture in pictures(folder, 12):
        for ground in (framed(picture.resize((128, 128), Image.Resampling.BILINEAR)), framed(picture)):
            marked = embed(ground)
            apart = np.asarray(marked, np.float64) - np.asarray(ground, np.float64)
            decibels.append(10 * np.log10(255**2 / (apart**2).mean()))
            for name, picture_now in altered(marked):
                found.setdefault(name, []).append(score(picture_now, 1))
    print(f"{len(decibels)} with the mark: {min(decibels):.1f} dB at least, {np.median(decibels):.1f} in the middle")
    for name, scores in found.items():
        there = sum(score >= THRESHOLD for score in scores)
        print(f"{name}: {there} of {len(scores)} found, lowest score {min(scores):.1f}, middle {np.median(scores):.1f}")


def main() -> None:
    if sys.argv[1:2] == ["measure"]:
        measure(pathlib.Path(sys.argv[2]))
        return
    golden = []
    for number in range(4):
        picture = formula_picture(number)
        marked = embed(picture)
        golden.append({"plain": score(picture), "marked": score(marked), "tiny": score(marked.resize((88, 88), Image.Resampling.BILINEAR))})
    text = json.dumps({"script": "models/golden/invisible_mark.py", "pictures": golden}, indent=1)
    (HERE / "invisible_mark.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
