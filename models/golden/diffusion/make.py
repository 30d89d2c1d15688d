"""Tiny pipelines of random weights in diffusers' folder layout, and what diffusers makes of them.

Each folder beside this script has the files, the keys and the settings of a real one; only the sizes are small, and
`clip/`, which is laid out like Stable Diffusion 1, has one level. `minilm/` is laid out like the starter model, with
its words from `text-encoder/` and its UNet in several files.
Each `golden.safetensors` holds noise, words, and the latents and pictures that come of them. The Rust side is
compared with them (models/tests/diffusion/). Run again only when a layout changes, on the CPU:

    python3 -m pip install torch==2.15.0 diffusers==0.35.2 transformers==4.57.6 tokenizers==0.22.2 safetensors==0.8.0
    python3 models/golden/diffusion/make.py
"""

import json
import pathlib
import shutil
import sys

import diffusers
import numpy
import torch
import transformers
from diffusers import schedulers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import tiny_tokenizers  # noqa: E402

SEED = 30
STEPS = 10
GUIDANCE = 4.0
STRENGTH = 0.6
TOKENS = 16
WIDTH = 32  # of the words
LATENT = (8, 12)  # rows and columns: not square, so that nothing may be turned round
PROMPT = "Axial CT of the chest: pleural effusion"
NEGATIVE = "fracture of the knee"
WEIGHTS = "diffusion_pytorch_model.safetensors"
SHARD = "300KB"

SCHEDULERS = {
    "ddim": schedulers.DDIMScheduler,
    "euler-a": schedulers.EulerAncestralDiscreteScheduler,
    "dpm++": schedulers.DPMSolverMultistepScheduler,
    "unipc": schedulers.UniPCMultistepScheduler,
}
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
# As Stable Diffusion 1 has it: what it leaves out is each scheduler's own default.
CLIP_SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}
MINILM_SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "clip_sample": False,
    "prediction_type": "v_prediction",
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "timestep_spacing": "leading",
}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "safety_checker": [None, None],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def randomise(model: torch.nn.Module) -> torch.nn.Module:
    """Random weights that let each part matter, rounded to what halves hold."""
    generator = torch.Generator().manual_seed(SEED)
    model = model.float().eval()
    with torch.no_grad():
        for name, weights in sorted(model.state_dict().items()):
            if not weights.is_floating_point():
                continue
            random = torch.randn(weights.shape, generator=generator)
            if "embeddings" in name and weights.dim() > 1:
                random *= 0.5
            elif weights.dim() > 1:
                # A network that predicts no noise at all is left alone by each step: keep it from running away.
                random *= weights[0].numel() ** -0.5 * (0.3 if name == "conv_out.weight" else 1.0)
            else:
                random = 0.2 * random + (1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0)
            weights.copy_(random.half().float())
    return model


def write_json(path: pathlib.Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tensors(path: pathlib.Path, tensors: dict, about: dict) -> None:
    save_file({name: value.contiguous() for name, value in sorted(tensors.items())}, path, about)
    path.chmod(0o644)


def older_names(tensors: dict) -> dict:
    """The autoencoder's attention as it was called when Stable Diffusion 1 came out."""
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for name, value in tensors.items():
        for new, old in names.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
        renamed[name] = value
    return renamed


def unet(attention: list[bool], **settings) -> diffusers.UNet2DConditionModel:
    kinds = ["CrossAttn" if here else "" for here in attention]
    return randomise(
        diffusers.UNet2DConditionModel(
            sample_size=LATENT[0],
            down_block_types=[f"{kind}DownBlock2D" for kind in kinds],
            up_block_types=[f"{kind}UpBlock2D" for kind in reversed(kinds)],
            layers_per_block=1,
            cross_attention_dim=WIDTH,
            **settings,
        )
    )


def autoencoder(widths: list[int], **settings) -> diffusers.AutoencoderKL:
    return randomise(
        diffusers.AutoencoderKL(
            block_out_channels=widths,
            down_block_types=["DownEncoderBlock2D"] * len(widths),
            up_block_types=["UpDecoderBlock2D"] * len(widths),
            sample_size=LATENT[0] * 2 ** (len(widths) - 1),
            **settings,
        )
    )


def write_clip(folder: pathlib.Path):
    """Its networks, and a function from texts to token states. The tokenizer comes as vocabulary and merges."""
    made = tiny_tokenizers.clip()
    model = json.loads(made.to_str())["model"]
    tokenizer = folder / "tokenizer"
    write_json(tokenizer / "vocab.json", model["vocab"])
    merges = "".join(f"{' '.join(pair)}\n" for pair in model["merges"])
    (tokenizer / "merges.txt").write_text(f"#version: 0.2\n{merges}", encoding="utf-8")
    write_json(tokenizer / "tokenizer_config.json", {"model_max_length": TOKENS, "pad_token": "!"})
    config = transformers.CLIPTextConfig(
        vocab_size=made.get_vocab_size(),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        hidden_act="quick_gelu",
    )
    model = randomise(transformers.CLIPTextModel(config))
    model.config.architectures = ["CLIPTextModel"]
    model.config.save_pretrained(folder / "text_encoder")
    halves = {name: value.half() for name, value in model.state_dict().items() if value.is_floating_point()}
    write_tensors(folder / "text_encoder" / "model.safetensors", halves, {"format": "pt"})
    read = transformers.CLIPTokenizer.from_pretrained(tokenizer)

    def encode(texts: list[str]) -> torch.Tensor:
        ids = read(texts, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt").input_ids
        made.no_truncation()
        for text, row in zip(texts, ids.tolist(), strict=True):
            whole = made.encode(text).ids
            if whole[: TOKENS - 1] != row[: min(len(whole), TOKENS - 1)]:
                raise ValueError(f"two tokenizers differ on {text!r}: {whole}, {row}")
        return model(ids).last_hidden_state

    vae = autoencoder([32])
    network = unet([True], block_out_channels=[32], attention_head_dim=4)
    halves = {name: value.half() for name, value in network.state_dict().items()}
    write_json(folder / "unet" / "config.json", configuration(network))
    write_tensors(folder / "unet" / WEIGHTS, halves, {"format": "pt"})
    write_json(folder / "vae" / "config.json", configuration(vae))
    halves = {name: value.half() for name, value in older_names(vae.state_dict()).items()}
    write_tensors(folder / "vae" / WEIGHTS, halves, {"format": "pt"})
    return vae, network, encode


def write_minilm(folder: pathlib.Path):
    """The same; its words are a sentence encoder's, which lies beside it, and its UNet is in several files."""
    made = tiny_tokenizers.bert()
    (folder / "tokenizer").mkdir(parents=True)
    write_json(folder / "tokenizer" / "tokenizer_config.json", {"model_max_length": TOKENS, "pad_token": "[PAD]"})
    made.save(str(folder / "tokenizer" / "tokenizer.json"))
    reference = {"_class_name": "MiniLmTokenStates", "reference": "tiny", "hidden_size": WIDTH, "max_length": TOKENS}
    reference |= {"layer": "last", "padding": "zeros", "empty_text": "is encoded like any other"}
    write_json(folder / "text_encoder" / "config.json", reference)
    config = transformers.BertConfig(
        vocab_size=made.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=40,
    )
    model = randomise(transformers.BertModel(config, add_pooling_layer=False))
    beside = HERE / "text-encoder"
    shutil.rmtree(beside, ignore_errors=True)
    model.config.save_pretrained(beside)
    halves = {name: value.half() for name, value in model.state_dict().items() if value.is_floating_point()}
    write_tensors(beside / "model.safetensors", halves, {"format": "pt"})
    made.save(str(beside / "tokenizer.json"))

    def encode(texts: list[str]) -> torch.Tensor:
        made.enable_truncation(TOKENS)
        rows = torch.zeros(len(texts), TOKENS, WIDTH)
        for row, text in zip(rows, texts, strict=True):
            states = model(torch.tensor([made.encode(text).ids])).last_hidden_state[0]
            row[: len(states)] = states
        return rows

    vae = autoencoder([32, 32], scaling_factor=1.0)
    network = unet([False, True], block_out_channels=[64, 32], attention_head_dim=[4, 2], use_linear_projection=True)
    halves = diffusers.UNet2DConditionModel.from_config(network.config).half()
    halves.load_state_dict(network.state_dict())
    halves.save_pretrained(folder / "unet", max_shard_size=SHARD)
    write_json(folder / "unet" / "config.json", configuration(network))
    for file in (folder / "unet").iterdir():
        file.chmod(0o644)
    halves = {name: value.half() for name, value in vae.state_dict().items()}
    write_json(folder / "vae" / "config.json", configuration(vae))
    write_tensors(folder / "vae" / WEIGHTS, halves, {"format": "pt"})
    return vae, network, encode


def configuration(network) -> dict:
    """A network's config.json, without what diffusers adds for itself."""
    return {"_class_name": type(network).__name__} | {
        name: value for name, value in network.config.items() if not name.startswith("_")
    }


def start_picture(width: int, height: int) -> numpy.ndarray:
    """Rows of pixels (height, width, 3) that the tests draw by the same formula."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((x * 7 + y * 11 + x * y // 3 + 60 * c) % 256).astype(numpy.uint8)


def pipelines(vae, network, scheduler: dict):
    """A pipeline for each scheduler, made of the folder's settings as diffusers does it."""
    for name, kind in SCHEDULERS.items():
        parts = {"vae": vae, "unet": network, "scheduler": kind.from_config(dict(scheduler))}
        parts |= {"text_encoder": None, "tokenizer": None, "safety_checker": None, "feature_extractor": None}
        yield name, diffusers.StableDiffusionPipeline(**parts, requires_safety_checker=False)


def with_start(pipeline, encoded, noise, words) -> torch.Tensor:
    """Image to image from the mean of the encoded picture, with the noise that is given."""
    variant = diffusers.StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
    variant.set_progress_bar_config(disable=True)
    # Latents in place of a picture are taken as they are.
    start = diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img
    draw, start.randn_tensor = start.randn_tensor, lambda *_, **__: noise
    settings = {"prompt_embeds": words[1:], "negative_prompt_embeds": words[:1], "guidance_scale": GUIDANCE}
    settings |= {"image": encoded, "strength": STRENGTH, "num_inference_steps": STEPS, "output_type": "latent"}
    latents = variant(**settings).images
    start.randn_tensor = draw
    return latents


def golden(vae, network, encode, scheduler: dict) -> dict:
    """Noise, words, and what comes of them."""
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(1, 4, *LATENT, generator=generator)
    later = torch.randn(STEPS, 1, 4, *LATENT, generator=generator)
    words = encode([NEGATIVE, PROMPT])
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    picture = start_picture(LATENT[1] * factor, LATENT[0] * factor)
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    encoded = vae.encode(pixels).latent_dist.mean * vae.config.scaling_factor
    tensors = {"noise": noise[0], "later": later[:, 0], "words": words, "encoded": encoded[0]}
    tensors["output"] = network(noise, 321, words[1:]).sample[0]
    euler = schedulers.scheduling_euler_ancestral_discrete
    for name, pipeline in pipelines(vae, network, scheduler):
        pipeline.set_progress_bar_config(disable=True)
        for guidance, suffix in ((GUIDANCE, "guided"), (1.0, "plain")):
            drawn = iter(later)
            euler.randn_tensor = lambda *_, **__: next(drawn)  # noqa: B023
            settings = {"latents": noise, "guidance_scale": guidance, "num_inference_steps": STEPS}
            settings |= {"prompt_embeds": words[1:], "negative_prompt_embeds": words[:1], "output_type": "latent"}
            tensors[f"{name}.{suffix}"] = pipeline(**settings).images[0]
        drawn = iter(later)
        tensors[f"{name}.start"] = with_start(pipeline, encoded, noise, words)[0]
    latents = tensors["ddim.guided"][None] / vae.config.scaling_factor
    tensors["picture"] = vae.decode(latents).sample[0]
    return {name: value.detach().float().clone() for name, value in tensors.items()}


def main() -> None:
    torch.manual_seed(SEED)
    made = (("clip", write_clip, CLIP_SCHEDULER), ("minilm", write_minilm, MINILM_SCHEDULER))
    for name, write, scheduler in made:
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        scheduler = BETAS | scheduler
        text = {"clip": ["transformers", "CLIPTextModel"], "minilm": ["mirage", "MiniLmTokenStates"]}[name]
        words = {"clip": "CLIPTokenizer", "minilm": "PreTrainedTokenizerFast"}[name]
        index = INDEX | {"scheduler": ["diffusers", scheduler["_class_name"]], "text_encoder": text}
        write_json(folder / "model_index.json", index | {"tokenizer": ["transformers", words]})
        write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
        with torch.inference_mode():
            tensors = golden(*write(folder), scheduler)
        about = {"prompt": PROMPT, "negative": NEGATIVE, "reference": f"diffusers {diffusers.__version__}"}
        write_tensors(folder / "golden.safetensors", tensors, about)
        most = {key: round(float(value.abs().max()), 3) for key, value in tensors.items()}
        print(f"{name}: largest numbers {most}")
    size = sum(file.stat().st_size for file in HERE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    print(f"{size} bytes together")


if __name__ == "__main__":
    main()
