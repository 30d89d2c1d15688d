"""Tiny encoders of random weights, one for each layout, and what the originals make of them.

Each folder below tiny/ has the files, the keys and the settings of a real checkpoint of its
layout; only the sizes are small. The vectors beside them come from transformers and open_clip,
which read the same folder. The Rust side is compared with them (models/tests/joint_encoder/).
Run again only when a layout or the texts change, on the CPU:

    python3 -m pip install torch==2.15.0 torchvision==0.29.2 transformers==4.57.6 \
        open_clip_torch==3.3.0 timm==1.0.31 tokenizers==0.22.2 safetensors==0.8.0 pillow==12.0.0
    python3 models/golden/tiny_encoders.py

Pillow matters: up to version 12 it resizes rows first, as it did when the real checkpoints were
trained; from 13 on it takes columns first where a picture gets much lower, and rounds otherwise.
"""

import json
import pathlib
import shutil
from collections import OrderedDict

import numpy
import open_clip
import PIL
import tiny_tokenizers
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer
from tiny_tokenizers import TEXTS

HERE = pathlib.Path(__file__).parent / "tiny"
SEED = 20
# Tokens at the ends of a text in CLIP, and its colours.
CLIP_ENDS = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>"}
CLIP_ENDS["pad_token"] = CLIP_ENDS["eos_token"]
COLOURS = {
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
}
# Width and height: wide, high, smaller than the input, and one that is cropped between two pixels.
PICTURES = [(64, 48), (37, 91), (20, 20), (55, 32)]


def picture(number: int) -> Image.Image:
    """The picture that the tests draw by the same formula."""
    width, height = PICTURES[number]
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    values = x * x * (3 + number) // 7 + y * (5 + 2 * number) + 40 * c + x * y // (3 + number)
    return Image.fromarray((values % 256).astype(numpy.uint8), "RGB")


def randomise(model: torch.nn.Module, kind: torch.dtype) -> torch.nn.Module:
    """Random weights that let each part matter, rounded to what the file holds."""
    generator = torch.Generator().manual_seed(SEED)
    model = model.float().eval()
    with torch.no_grad():
        for name, weights in sorted(model.state_dict().items()):
            if not weights.is_floating_point() or "logit" in name:
                continue
            random = torch.randn(weights.shape, generator=generator)
            if weights.dim() > 1 and "embed" not in name and "probe" not in name:
                random *= 1.5 * weights[0].numel() ** -0.5
            elif weights.dim() == 1:
                random = 0.3 * random + (1.0 if name.endswith("weight") else 0.0)
            weights.copy_(random.to(kind).float())
    return model


def folder(name: str) -> pathlib.Path:
    path = HERE / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def write_json(path: pathlib.Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_weights(model: torch.nn.Module, path: pathlib.Path, kind: torch.dtype) -> None:
    weights = {
        name: value.to(kind).contiguous() if value.is_floating_point() else value.contiguous()
        for name, value in sorted(model.state_dict().items())
    }
    save_file(weights, path, metadata={"format": "pt"})
    path.chmod(0o644)


def write_tokenizer(made, path: pathlib.Path, **specials) -> transformers.PreTrainedTokenizerFast:
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, **specials)
    tokenizer.save_pretrained(path)
    (path / "special_tokens_map.json").unlink()
    return transformers.AutoTokenizer.from_pretrained(path)


def rows(vectors: torch.Tensor) -> list:
    units = torch.nn.functional.normalize(vectors.float(), dim=-1)
    return [[round(float(x), 6) for x in vector] for vector in units]


def write_reference(name: str, reference: str, vectors: dict) -> None:
    told = {"script": "models/golden/tiny_encoders.py", "reference": reference, "texts": TEXTS}
    told["sizes"] = PICTURES
    lines = json.dumps(told | vectors, ensure_ascii=False).replace(']], "', ']],\n "')
    (HERE / f"{name}.json").write_text(lines + "\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in (HERE / name).iterdir())
    spread = [torch.tensor(vectors[key]) for key in ("text_vectors", "picture_vectors")]
    cosines = [round(float((v @ v.T).fill_diagonal_(-1).max()), 3) for v in spread]
    print(f"{name}: {size} bytes, most alike {cosines}, {reference}")


def with_transformers(name: str, context: int) -> None:
    path = HERE / name
    model = transformers.AutoModel.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    images = transformers.AutoImageProcessor.from_pretrained(path, use_fast=False)
    tokens = tokenizer(
        TEXTS, padding="max_length", truncation=True, max_length=context, return_tensors="pt"
    )
    mask = {"attention_mask": tokens.attention_mask} if name == "clip" else {}
    pixels = images([picture(n) for n in range(len(PICTURES))], return_tensors="pt").pixel_values
    with torch.no_grad():
        vectors = {
            "text_vectors": rows(model.get_text_features(input_ids=tokens.input_ids, **mask)),
            "picture_vectors": rows(model.get_image_features(pixel_values=pixels)),
        }
    write_reference(name, f"transformers {transformers.__version__}", vectors)


def clip() -> None:
    path = folder("clip")
    made = tiny_tokenizers.clip()
    start, end = (made.token_to_id(f"<|{word}oftext|>") for word in ("start", "end"))
    both = {"intermediate_size": 64, "num_hidden_layers": 2, "hidden_act": "quick_gelu"}
    text = {"hidden_size": 32, "num_attention_heads": 4, "vocab_size": made.get_vocab_size()}
    ids = {"bos_token_id": start, "eos_token_id": end, "pad_token_id": end}
    vision = {"hidden_size": 48, "num_attention_heads": 3, "image_size": 32, "patch_size": 8}
    config = transformers.CLIPConfig(
        text_config=both | text | ids, vision_config=both | vision, projection_dim=24
    )
    model = randomise(transformers.CLIPModel(config), torch.float32)
    model.config.architectures = ["CLIPModel"]
    model.config.save_pretrained(path)
    write_weights(model, path / "model.safetensors", torch.float32)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    transformers.CLIPImageProcessor(**size).save_pretrained(path)
    write_tokenizer(made, path, model_max_length=77, **CLIP_ENDS)
    with_transformers("clip", 77)


def siglip() -> None:
    path = folder("siglip")
    made = tiny_tokenizers.siglip()
    both = {"intermediate_size": 72, "num_hidden_layers": 2}
    text = {"hidden_size": 32, "num_attention_heads": 2, "vocab_size": made.get_vocab_size()}
    text |= {"max_position_embeddings": 16, "projection_size": 48}
    vision = {"hidden_size": 48, "num_attention_heads": 3, "image_size": 30, "patch_size": 7}
    config = transformers.SiglipConfig(text_config=both | text, vision_config=both | vision)
    model = randomise(transformers.SiglipModel(config), torch.bfloat16)
    model.config.architectures = ["SiglipModel"]
    model.config.save_pretrained(path)
    write_weights(model, path / "model.safetensors", torch.bfloat16)
    size = {"height": 30, "width": 30}
    transformers.SiglipImageProcessor(size=size, resample=2).save_pretrained(path)
    words = {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}
    write_tokenizer(made, path, model_max_length=16, **words)
    with_transformers("siglip", 16)


def encoded(model, tokens: torch.Tensor, preprocess) -> tuple:
    pixels = torch.stack([preprocess(picture(n)) for n in range(len(PICTURES))])
    with torch.no_grad():
        return rows(model.encode_text(tokens)), rows(model.encode_image(pixels))


def open_clip_folder() -> None:
    path = folder("open-clip")
    made = tiny_tokenizers.clip()
    vision = {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8}
    text = {"context_length": 24, "vocab_size": made.get_vocab_size(), "width": 32, "heads": 2}
    config = {
        "embed_dim": 24,
        "vision_cfg": vision | {"mlp_ratio": 2.0},
        "text_cfg": text | {"layers": 2},
    }
    model = randomise(open_clip.model.CLIP(**config), torch.float16)
    write_weights(model, path / "open_clip_model.safetensors", torch.float16)
    tokenizer = write_tokenizer(made, path, model_max_length=24, **CLIP_ENDS)
    # As open_clip's own tokenizer does it: zeros after the end.
    ids = tokenizer(TEXTS, truncation=True, max_length=24).input_ids
    tokens = torch.tensor([row + [0] * (24 - len(row)) for row in ids])
    vectors = {}
    for prefix, quick in (("quick_", True), ("", False)):
        told = config | ({"quick_gelu": True} if quick else {})
        write_json(path / "open_clip_config.json", {"model_cfg": told, "preprocess_cfg": COLOURS})
        model, _, images = open_clip.create_model_and_transforms(f"local-dir:{path}")
        names = (f"{prefix}text_vectors", f"{prefix}picture_vectors")
        vectors |= dict(zip(names, encoded(model.float().eval(), tokens, images)))
    write_reference("open-clip", f"open_clip {open_clip.__version__}", vectors)


def biomedclip() -> None:
    path = folder("biomedclip")
    made = tiny_tokenizers.bert()
    bert = transformers.BertConfig(
        vocab_size=made.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=1,
        intermediate_size=96,
        max_position_embeddings=40,
    )
    # Its config.json is there while open_clip builds the text tower by it, as from the hub.
    bert.save_pretrained(path)
    text = {"hf_model_name": str(path), "hf_model_pretrained": False, "hf_proj_type": "mlp"}
    text |= {"hf_pooler_type": "cls_last_hidden_state_pooler"}
    vision = {"timm_model_name": "vit_tiny_patch16_224", "timm_pool": "", "timm_proj": "linear"}
    model = open_clip.model.CustomTextCLIP(32, vision | {"image_size": 224}, text)
    model.visual.trunk = VisionTransformer(
        img_size=32, patch_size=8, embed_dim=128, depth=1, num_heads=2, mlp_ratio=0.5, num_classes=0
    )
    model.visual.head = torch.nn.Sequential(OrderedDict(proj=torch.nn.Linear(128, 32, bias=False)))
    randomise(model, torch.float16)
    write_weights(model, path / "open_clip_model.safetensors", torch.float16)
    (path / "config.json").unlink()
    text = {"hf_model_name": "tiny-random/bert", "hf_tokenizer_name": "tiny-random/bert"}
    text |= {"hf_proj_type": "mlp", "hf_pooler_type": "cls_last_hidden_state_pooler", "context_length": 32}
    vision |= {"timm_model_name": "vit_tiny_patch8_32", "timm_model_pretrained": False, "image_size": 32}
    config = {"embed_dim": 32, "vision_cfg": vision, "text_cfg": text}
    write_json(path / "open_clip_config.json", {"model_cfg": config, "preprocess_cfg": COLOURS})
    write_tokenizer(made, path, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]")
    tokens = open_clip.get_tokenizer(f"local-dir:{path}")(TEXTS)
    images = open_clip.image_transform(32, is_train=False, **COLOURS)
    texts, pictures = encoded(model.eval(), tokens, images)
    vectors = {"text_vectors": texts, "picture_vectors": pictures}
    write_reference("biomedclip", f"open_clip {open_clip.__version__}", vectors)


def resample() -> None:
    """What Pillow makes of a picture: the Rust side must give the same bytes."""
    cases = []
    for number, size in ((0, (9, 7)), (1, (5, 11)), (2, (31, 25)), (3, (16, 32))):
        for name, way in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            values = numpy.asarray(picture(number).resize(size, way)).flatten().tolist()
            cases.append({"picture": number, "size": size, "filter": name, "values": values})
    told = {"script": "models/golden/tiny_encoders.py", "reference": f"Pillow {PIL.__version__}"}
    lines = json.dumps(told | {"cases": cases}).replace("}, ", "},\n ")
    (HERE / "resample.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    if int(PIL.__version__.split(".")[0]) > 12:
        raise SystemExit(f"Pillow {PIL.__version__} resizes in another order; take pillow==12.0.0.")
    torch.manual_seed(SEED)
    for make in (clip, siglip, open_clip_folder, biomedclip, resample):
        make()
