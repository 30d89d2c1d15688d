"""From a trained work folder to what the program reads: diffusers' folder layout, in halves.

    python3 models/training/diffusion/export.py --work WORK --data DATA --out DIR

Writes `model_index.json`, `unet/`, `vae/`, `scheduler/`, `tokenizer/`, `text_encoder/` (a reference: the
weights are all-MiniLM-L6-v2 as it comes), `starter.json` (recipe, data, figures) and
`golden.safetensors` (noise, words and the latents that come of them). The figures are those of the
written files, read again. `--checkpoint` exports a run that isn't finished.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import autoencoder
import captions
import pictures
import progress
import samplers
import schedule
import unet
from siblings import data, packages
from train_autoencoder import quality
from train_unet import UnetStage

LIMIT = 60_000_000  # bytes, both networks together
WEIGHTS = "diffusion_pytorch_model.safetensors"
SETS = "roco, mednist, ham10000, bone-fracture, lc25000, gastrovision, busi, vqa-rad"
NOTE = {"training_data": SETS, "use": "non-commercial teaching", "output": "synthetic pictures of nobody"}
GOLDEN = ("CT of the abdomen.", "Chest x-ray.")

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    # Our own: the token states of a sentence encoder, zeros behind the text.
    "text_encoder": ["mirage", "MiniLmTokenStates"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
TEXT_ENCODER = {
    "_class_name": "MiniLmTokenStates",
    "reference": "all-MiniLM-L6-v2",
    "hidden_size": captions.CHANNELS,
    "max_length": captions.TOKENS,
    "layer": "last",
    "padding": "zeros",
    "empty_text": "is encoded like any other",
}
TOKENIZER = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": captions.TOKENS, "pad_token": "[PAD]"}


def write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_tensors(path: Path, tensors: dict, about: dict) -> None:
    """A safetensors file that everybody may read."""
    save_file(tensors, path, about)
    path.chmod(0o644)


def write_network(folder: Path, state: dict, configuration: dict) -> int:
    """config.json and the weights in halves; how many bytes they are."""
    write_json(folder / "config.json", configuration)
    halves = {name: value.detach().cpu().half().contiguous() for name, value in state.items()}
    bad = [name for name, value in halves.items() if not torch.isfinite(value).all()]
    if bad:
        raise ValueError(f"numbers that halves can't hold in {bad[:3]}")
    write_tensors(folder / WEIGHTS, halves, {"format": "pt"} | NOTE)
    return (folder / WEIGHTS).stat().st_size


def write_folder(out: Path, recipe: dict, first: dict, second: dict, tokenizer: Path | None) -> int:
    """The whole layout from the states of both networks; the bytes of the weights."""
    widths, layers, attention = recipe["unet"], recipe["unet_layers"], recipe["attention"]
    latent = recipe["size"] // autoencoder.FACTOR
    first_config = autoencoder.configuration(recipe["autoencoder"], recipe["autoencoder_layers"], recipe["size"])
    written = write_network(out / "vae", first, first_config)
    written += write_network(out / "unet", second, unet.configuration(widths, layers, attention, latent))
    write_json(out / "model_index.json", INDEX)
    write_json(out / "scheduler" / "scheduler_config.json", schedule.configuration())
    write_json(out / "text_encoder" / "config.json", TEXT_ENCODER)
    write_json(out / "tokenizer" / "tokenizer_config.json", TOKENIZER)
    if tokenizer is not None:
        shutil.copyfile(tokenizer, out / "tokenizer" / "tokenizer.json")
    if written > LIMIT:
        raise ValueError(f"the weights have {written} bytes, more than {LIMIT}; choose smaller widths")
    return written


def read_weights(network, folder: Path, dtype=torch.float32):
    """A network with the weights of a folder, in floats; every tensor has to be there."""
    state = {name: value.to(dtype) for name, value in load_file(folder / WEIGHTS).items()}
    missing, unexpected = network.load_state_dict(state, strict=False)
    if missing or unexpected:
        raise ValueError(f"{folder}: missing {missing[:5]}, unexpected {unexpected[:5]}")
    return network.eval()


def load(folder: Path):
    """An exported autoencoder and UNet, in floats."""
    first = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))
    second = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
    attention = ["CrossAttn" in kind for kind in second["down_block_types"]]
    decoder = autoencoder.Autoencoder(first["block_out_channels"], first["layers_per_block"])
    network = unet.Unet(second["block_out_channels"], second["layers_per_block"], attention)
    network.to(memory_format=torch.channels_last)
    return read_weights(decoder, folder / "vae"), read_weights(network, folder / "unet")


def write_golden(out: Path, encoder_folder: Path) -> None:
    """Noise, words, and the latents and pictures of ten DDIM steps, to compare another implementation with."""
    decoder, network = load(out)
    words = captions.encoded(["", *GOLDEN], encoder_folder)
    latent = json.loads((out / "unet" / "config.json").read_text(encoding="utf-8"))["sample_size"]
    noise = torch.randn(len(GOLDEN), 4, latent, latent, generator=torch.Generator().manual_seed(0))
    empty = words[:1].expand(len(GOLDEN), -1, -1)
    latents = samplers.sample(network, noise, words[1:], empty, samplers.Ddim(10), 4.0)
    with torch.inference_mode():
        corner = decoder.decode(latents)[:, :, :8, :8]
    tensors = {"noise": noise, "words": words, "latents": latents, "corner": corner}
    about = {"prompts": json.dumps(["", *GOLDEN]), "scheduler": "ddim", "steps": "10", "guidance": "4"}
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    write_tensors(out / "golden.safetensors", tensors, about)


def trained(work: Path, checkpoint: bool) -> tuple[dict, dict, dict, int]:
    """The recipe, the states of both networks, and the steps that the UNet has had."""
    first = progress.load(work / "autoencoder.pt")
    path = work / "unet.pt"
    if checkpoint:
        saved = progress.load(work / f"{UnetStage.name}-checkpoint.pt")
        return first["recipe"], first["network"], saved["average"], saved["step"]
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: the run is not finished; --checkpoint exports it as it is")
    second = progress.load(path)
    return second["recipe"], first["network"], second["network"], second["steps"]


def dev_decibels(out: Path, folder: Path, work: Path, size: int) -> float:
    """Peak signal to noise of all dev pictures through the exported autoencoder."""
    rows = data.read(folder)
    squares = pictures.squares(folder, rows, work / "cache")
    dev = np.array([number for number, row in enumerate(rows) if row.dev])
    return quality(load(out)[0], squares, dev, size, "cpu")


def run(work: Path, folder: Path, out: Path, encoder_folder: Path, checkpoint: bool) -> None:
    """Writes the folder `out` with its figures from what lies in `work`; `folder` has the data."""
    recipe, first, second, steps = trained(work, checkpoint)
    written = write_folder(out, recipe, first, second, encoder_folder / "tokenizer.json")
    write_golden(out, encoder_folder)
    decibels = dev_decibels(out, folder, work, recipe["size"])
    figures = {
        "format": "mirage-diffusion/1",
        "recipe": recipe,
        "unet_steps": steps,
        "finished": not checkpoint,
        "bytes": written,
        "dev": {"autoencoder_decibels": round(decibels, 2)},
    }
    write_json(out / "starter.json", figures | NOTE)
    print(f"{recipe['name']}: {steps} steps, {written} bytes, dev {decibels:.2f} dB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="the --work of train.py")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path)
    parser.add_argument("--checkpoint", action="store_true", help="export the last checkpoint of a running UNet")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    encoder_folder = arguments.text_encoder or packages.text_encoder()
    run(arguments.work, arguments.data, arguments.out, encoder_folder, arguments.checkpoint)


if __name__ == "__main__":
    main()
