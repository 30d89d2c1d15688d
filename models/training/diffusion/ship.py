"""From a trained work folder to what ships: files into `models/weights/diffusion`, their hashes into the manifest.

    python3 models/training/diffusion/ship.py --work WORK --data DATA [--checkpoint]

Exports the run to WORK/out (`export.py`), adds what training pictures are known by (`remember.py`) and the factors of
previews (`preview.py`), and copies what the program reads. Then it writes the section [diffusion] and its files at the
end of `models/manifests/starter.toml`, which it prints too, and their names into the list of `models/src/shipped.rs`.
Run again, it writes the same. Nothing is fetched. `--from OUT` ships a folder that those three scripts have made;
`--into FOLDER` writes beside copies of the manifest and the list, to try it out.
"""

import argparse
import hashlib
import json
import re
import shutil
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2]
FILES = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/tokenizer.json",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "preview.json",
    "known_pictures.safetensors",
)
FOLDER = "diffusion"
LICENCE = "LicenseRef-Mirage-Teaching"
LICENCES = {"tokenizer/tokenizer.json": "Apache-2.0"}  # as it came with all-MiniLM-L6-v2
HEAD = "# The generator of synthetic pictures. Written by training/diffusion/ship.py."


def size(folder: Path) -> int:
    """Side in pixels of the pictures: that of the latents, times what each level but the first of the autoencoder
    halves."""
    latent = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))["sample_size"]
    levels = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))["block_out_channels"]
    return latent * 2 ** (len(levels) - 1)


def section(name: str, memory: int, folder: Path) -> str:
    """The manifest's part, with the size and the hash of each file."""
    parts = [HEAD]
    for file in FILES:
        content = (folder / file).read_bytes()
        lines = ["[[file]]", f'path = "{FOLDER}/{file}"', f'sources = ["shipped:{FOLDER}/{file}"]']
        lines += [f"size = {len(content)}", f'sha256 = "{hashlib.sha256(content).hexdigest()}"']
        lines.append(f'licence = "{LICENCES.get(file, LICENCE)}"')
        parts.append("\n".join(lines))
    table = ["[diffusion]", f'name = "{name}"', f'folder = "{FOLDER}"', f"size = {size(folder)}"]
    table.append("# Megabytes that a picture takes beside everything else.")
    table.append(f"memory = {memory}")
    return "\n\n".join([*parts, "\n".join(table)]) + "\n"


def with_section(manifest: str, part: str) -> str:
    """The manifest with the part at its end, in place of an earlier one."""
    before = manifest.split(HEAD)[0].rstrip()
    return f"{before}\n\n{part}"


def with_names(source: str) -> str:
    """The list of compiled-in files with the generator's."""
    match = re.search(r"compiled_in!\[\n(.*?)\];", source, re.DOTALL)
    if match is None:
        raise ValueError("models/src/shipped.rs has no list of files any more")
    others = [line for line in match[1].splitlines() if f'"{FOLDER}/' not in line]
    lines = others + [f'    "{FOLDER}/{file}",' for file in FILES]
    return source[: match.start(1)] + "\n".join(lines) + "\n" + source[match.end(1) :]


def made(arguments) -> Path:
    """The exported folder with all that ships, from a run's work folder."""
    # Only here: to ship a folder that is there needs none of what these need.
    import torch

    import export
    import preview
    import remember
    from siblings import packages

    torch.set_num_threads(arguments.threads)
    out = arguments.work / "out"
    encoder = arguments.text_encoder or packages.text_encoder()
    export.run(arguments.work, arguments.data, out, encoder, arguments.checkpoint)
    preview.run(out, arguments.data, arguments.work / "cache", preview.PICTURES)
    remember.run(arguments.data, out, size(out), arguments.known)
    return out


def ship(out: Path, models: Path, name: str, memory: int) -> str:
    """Copies the files and names them in manifest and list; the manifest's part."""
    target = models / "weights" / FOLDER
    for file in FILES:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(out / file, target / file)
    manifest, source = models / "manifests" / "starter.toml", models / "src" / "shipped.rs"
    part = section(name, memory, target)
    manifest.write_text(with_section(manifest.read_text(encoding="utf-8"), part), encoding="utf-8")
    source.write_text(with_names(source.read_text(encoding="utf-8")), encoding="utf-8")
    return part


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    begin = parser.add_mutually_exclusive_group(required=True)
    begin.add_argument("--work", type=Path, help="the --work of train.py")
    begin.add_argument("--from", dest="out", type=Path, help="the --out of export.py, remember.py and preview.py")
    parser.add_argument("--data", type=Path, help="the folder that data.py reads; needed with --work")
    parser.add_argument("--checkpoint", action="store_true", help="the last checkpoint of a run that isn't finished")
    parser.add_argument("--known", type=Path, help="known_pictures.safetensors of an earlier run, to save its time")
    parser.add_argument("--text-encoder", type=Path, help="folder of all-MiniLM-L6-v2; else its package")
    parser.add_argument("--into", type=Path, default=MODELS, help="a folder with manifests/ and src/, to try it out")
    parser.add_argument("--name", default="mirage-draw-128")
    parser.add_argument("--memory", type=int, default=700, help="megabytes that a picture takes")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.work and not arguments.data:
        parser.error("--work needs --data as well")
    out = arguments.out or made(arguments)
    print(ship(out, arguments.into, arguments.name, arguments.memory))
    print(f"{len(FILES)} files of {arguments.name} ship")


if __name__ == "__main__":
    main()
