"""A sheet of pictures from an exported folder, to look at.

    python3 models/training/diffusion/sample.py --folder DIR --out sheet.png
"""

import argparse
import json
import time
from pathlib import Path

import torch

import captions
import export
import samplers
import sheet
from siblings import packages

PROMPTS = (
    "Chest x-ray.",
    "CT of the abdomen.",
    "CT of the chest.",
    "CT of the head.",
    "MRI of the head.",
    "MRI of the spine.",
    "MRI of the breast",
    "MRI of the knee.",
    "X-ray of the hand.",
    "X-ray of the shoulder.",
    "X-ray of the pelvis.",
    "X-ray of the jaw.",
    "Radiograph showing an elbow fracture.",
    "Ultrasound of the heart.",
    "Breast ultrasound: benign mass.",
    "Breast ultrasound: malignant mass.",
    "Angiogram of the heart.",
    "Dermoscopy of melanoma.",
    "Dermoscopy of melanocytic naevus.",
    "Dermoscopy of vascular lesion.",
    "H&E histology of lung adenocarcinoma.",
    "H&E histology of normal lung tissue.",
    "Endoscopy showing colon polyp.",
    "Endoscopy of a normal oesophagus.",
)
BATCH = 8


def made(folder: Path, words, seed: int, sampler: str, steps: int, guidance: float) -> torch.Tensor:
    """Pictures in -1..1 for words (the first are those of the empty or negative text)."""
    decoder, network = export.load(folder)
    generator = torch.Generator().manual_seed(seed)
    side = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))["sample_size"]
    parts = []
    for start in range(1, len(words), BATCH):
        under = words[start : start + BATCH]
        noise = torch.randn(len(under), 4, side, side, generator=generator)
        empty = words[:1].expand(len(under), -1, -1)
        latents = samplers.sample(network, noise, under, empty, samplers.SAMPLERS[sampler](steps), guidance)
        with torch.inference_mode():
            parts.append(decoder.decode(latents))
    return torch.cat(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="what export.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="a .png")
    parser.add_argument("--text-encoder", type=Path)
    parser.add_argument("--prompt", action="append", help="instead of the 24 prompts of the sheet; may be repeated")
    parser.add_argument("--negative", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--sampler", choices=sorted(samplers.SAMPLERS), default="ddim")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    prompts = arguments.prompt or list(PROMPTS)
    words = captions.encoded([arguments.negative, *prompts], arguments.text_encoder or packages.text_encoder())
    start = time.time()
    how = (arguments.seed, arguments.sampler, arguments.steps, arguments.guidance)
    pictures = made(arguments.folder, words, *how)
    seconds = (time.time() - start) / len(prompts)
    sheet.save(arguments.out, pictures, prompts, min(6, len(prompts)), scale=1)
    print(f"{len(prompts)} pictures, {arguments.steps} steps, {seconds:.2f} s each")


if __name__ == "__main__":
    main()
