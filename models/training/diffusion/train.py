"""Trains the starter text-to-image model: words, autoencoder, latents, UNet, one after the other.

    python3 models/training/diffusion/train.py --data DATA --work WORK --recipe starter

Run it again and it goes on where it was: stages that are done are read from WORK, the one under way
goes on from its last checkpoint. `touch WORK/finish` ends it early and well (see train_unet.py).
"""

import argparse
import os
import tomllib
from pathlib import Path
from types import SimpleNamespace

# Threads that wait for each other must not burn the cores that other work shares; read once by OpenMP.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

import latents
import pictures
import progress
from autoencoder import Autoencoder
from captions import Words
from siblings import data, packages
from train_autoencoder import AutoencoderStage, quality
from train_unet import PROMPTS, UnetStage

HERE = Path(__file__).parent


def recipe(name: str) -> SimpleNamespace:
    """A recipe of recipes.toml over the defaults."""
    table = tomllib.loads((HERE / "recipes.toml").read_text(encoding="utf-8"))
    if name not in table:
        raise ValueError(f"no recipe {name}; there are {sorted(table)}")
    unknown = set(table[name]) - set(table["default"])
    if unknown:
        raise ValueError(f"recipe {name} has unknown keys: {sorted(unknown)}")
    return SimpleNamespace(name=name, **(table["default"] | table[name]))


def check_recipe(work: Path, r: SimpleNamespace) -> None:
    """A folder belongs to the recipe that it was begun with."""
    path = work / "recipe.txt"
    if path.exists() and path.read_text(encoding="utf-8").strip() != r.name:
        raise ValueError(f"{work} was begun with another recipe; choose another --work")
    path.write_text(r.name + "\n", encoding="utf-8")


def load_autoencoder(path: Path, device: str) -> Autoencoder:
    """The finished autoencoder that `train_first` wrote."""
    saved = progress.load(path)
    network = Autoencoder(saved["recipe"]["autoencoder"], saved["recipe"]["autoencoder_layers"])
    network.load_state_dict(saved["network"])
    return network.to(device).eval()


def train_first(r, rows, squares, arguments, log, stop) -> Autoencoder | None:
    """The autoencoder, from its file or trained; nothing if the run is to stop."""
    path = arguments.work / "autoencoder.pt"
    if not path.exists():
        stage = AutoencoderStage(r, rows, squares, arguments, log)
        stage.resume()
        if not stage.run(stop, r.log_every):
            return None
        network = latents.whitened(stage.mean_network(), squares, rows, r.size, r.seed, arguments.device)
        decibels = quality(network, squares, stage.held, r.size, arguments.device)
        progress.save(path, {"network": network.state_dict(), "recipe": vars(r), "dev_decibels": decibels})
        log(f"autoencoder done: dev {decibels:.2f} dB")
    return load_autoencoder(path, arguments.device)


def train_second(r, rows, autoencoder, made, words, arguments, log, stop) -> None:
    """The UNet; writes unet.pt when it is done."""
    path = arguments.work / "unet.pt"
    if path.exists():
        log("unet: done before")
        return
    stage = UnetStage(r, rows, made, words, autoencoder, arguments, log)
    stage.resume()
    if not stage.run(stop, r.log_every):
        log(f"unet: stopped at step {stage.step}; run again to go on")
        return
    stage.preview(stage.mean_network())
    progress.save(path, {"network": stage.average.state, "recipe": vars(r), "steps": stage.step})
    log(f"unet done after {stage.step} steps; {stage.look()}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with NAME.jsonl and NAME.tar")
    parser.add_argument("--work", type=Path, required=True, help="where caches, checkpoints and logs go")
    parser.add_argument("--recipe", default="starter", help="a name in recipes.toml")
    parser.add_argument("--text-encoder", type=Path, help="folder of all-MiniLM-L6-v2; else its package")
    parser.add_argument("--trunk", type=Path, help="EfficientNet-Lite0's weights, .pth; else their package")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument("--minutes", type=float, default=10.0, help="between two checkpoints")
    arguments = parser.parse_args()
    arguments.text_encoder = arguments.text_encoder or packages.text_encoder()
    arguments.trunk = arguments.trunk or packages.trunk("lite0")
    return arguments


def main() -> None:
    arguments = parsed()
    torch.set_num_threads(arguments.threads)
    r, cache = recipe(arguments.recipe), arguments.work / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    check_recipe(arguments.work, r)
    log, stop = progress.Log(arguments.work), progress.Stop()
    rows = data.read(arguments.data)
    squares = pictures.squares(arguments.data, rows, cache)
    log(f"{r.name}: {len(rows)} pictures, {sum(row.dev for row in rows)} of them dev")
    words = Words(rows, PROMPTS, arguments.data, arguments.text_encoder, cache, log)
    log(f"{len(words.texts)} texts, {len(words.states)} tokens")
    autoencoder = train_first(r, rows, squares, arguments, log, stop)
    if autoencoder is None:
        log("stopped in the autoencoder; run again to go on")
        return
    made = latents.made(autoencoder, squares, rows, r, arguments, log, stop)
    if made is not None:
        train_second(r, rows, autoencoder, made, words, arguments, log, stop)


if __name__ == "__main__":
    main()
