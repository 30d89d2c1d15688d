"""Tiny language models of random weights, and what transformers writes with them.

Each folder beside this script has the files, the keys and the settings of a real checkpoint of its
kind; only the sizes are small. The answers in answers.json are the likeliest tokens one by one, as
transformers writes them. The Rust side is compared with them (models/tests/language_model/). Run
again only when a kind or the questions change, on the CPU:

    python3 -m pip install torch==2.15.0 torchvision==0.29.2 transformers==4.57.6 \
        tokenizers==0.22.2 safetensors==0.8.0 numpy
    python3 models/golden/language/tiny_language_models.py

Pictures have the size that a network takes, so that nothing is scaled: how libraries do that
differs in the last digit. A word more likely than the next by less than MARGIN would be a matter of
rounding; such a model is drawn again with another seed.
"""

import json
import pathlib
import shutil

import numpy
import torch
import transformers
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

HERE = pathlib.Path(__file__).parent
TOKENS, MARGIN, VARIETY = 16, 0.01, 7
SYSTEM, QUESTION = "Answer in one line.", "What is a pleural effusion?"
START, END, PAD = "<|im_start|>", "<|im_end|>", "<pad>"
QWEN = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
GEMMA = ["<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>"]
IDEFICS = ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
SPECIAL = ["<unk>", PAD, "<bos>", "<eos>", START, END, *QWEN, *GEMMA, *IDEFICS]

CHATML = (
    "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
IDEFICS_CHAT = (
    "{{ bos_token }}{% for message in messages %}{{ message['role'] | capitalize }}: "
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'image' %}<image>{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
GEMMA_CHAT = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'image' %}<start_of_image>{% endif %}{% endfor %}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def picture(side: int) -> numpy.ndarray:
    """The picture that the tests draw by the same formula."""
    y, x, c = numpy.mgrid[0:side, 0:side, 0:3]
    return ((x * x * 3 // 7 + y * 5 + 40 * c + x * y // 3) % 256).astype(numpy.uint8)


def tokenizer(adds_beginning: bool) -> Tokenizer:
    """A token for each printable letter of ASCII, for a space and for the end of a line."""
    letters = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ"]
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    if adds_beginning:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<bos> $A", special_tokens=[("<bos>", vocabulary["<bos>"])]
        )
    return tokenizer


VOCABULARY = len(SPECIAL) + 96
TEXT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "bos_token_id": SPECIAL.index("<bos>"),
    "eos_token_id": SPECIAL.index("<eos>"),
    "pad_token_id": SPECIAL.index(PAD),
}
QWEN_TEXT = {
    **TEXT,
    "use_sliding_window": False,
    "sliding_window": 1024,
    "max_window_layers": 2,
    "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]},
    "vision_start_token_id": SPECIAL.index("<|vision_start|>"),
    "vision_end_token_id": SPECIAL.index("<|vision_end|>"),
    "image_token_id": SPECIAL.index("<|image_pad|>"),
    "video_token_id": SPECIAL.index("<|video_pad|>"),
}
SIGLIP = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_channels": 3,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}
COLOURS = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
QWEN_PICTURES = {
    **COLOURS,
    "do_resize": True,
    "min_pixels": 784,
    "max_pixels": 16384,
    "patch_size": 14,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "resample": 3,
}

# Class, settings, template, settings of pictures and of their place in a text, side of a picture.
KINDS = {
    "llama": ("LlamaForCausalLM", TEXT, CHATML, None, None, 0),
    "gemma3": (
        "Gemma3ForConditionalGeneration",
        {
            "image_token_index": SPECIAL.index("<image_soft_token>"),
            "boi_token_index": SPECIAL.index("<start_of_image>"),
            "eoi_token_index": SPECIAL.index("<end_of_image>"),
            "mm_tokens_per_image": 4,
            "text_config": {
                **TEXT,
                "model_type": "gemma3_text",
                "hidden_activation": "gelu_pytorch_tanh",
                "head_dim": 16,
                "query_pre_attn_scalar": 16,
                "sliding_window": 512,
                "sliding_window_pattern": 2,
                "layer_types": ["sliding_attention", "full_attention"],
                "rope_local_base_freq": 10000.0,
                "tie_word_embeddings": True,
            },
            "vision_config": {
                **SIGLIP,
                "model_type": "siglip_vision_model",
                "image_size": 56,
                "patch_size": 14,
                "vision_use_head": False,
            },
        },
        GEMMA_CHAT,
        {
            **COLOURS,
            "do_resize": True,
            "do_rescale": True,
            "do_normalize": True,
            "do_convert_rgb": True,
            "rescale_factor": 1 / 255,
            "resample": 2,
            "size": {"height": 56, "width": 56},
        },
        {"image_seq_length": 4},
        56,
    ),
    "qwen2-vl": (
        "Qwen2VLForConditionalGeneration",
        {
            **QWEN_TEXT,
            "vision_config": {
                "model_type": "qwen2_vl",
                "depth": 2,
                "embed_dim": 32,
                "hidden_size": 64,
                "mlp_ratio": 2,
                "num_heads": 2,
                "in_channels": 3,
                "patch_size": 14,
                "spatial_merge_size": 2,
                "temporal_patch_size": 2,
            },
        },
        CHATML,
        QWEN_PICTURES,
        None,
        56,
    ),
    "qwen2.5-vl": (
        "Qwen2_5_VLForConditionalGeneration",
        {
            **QWEN_TEXT,
            "vision_config": {
                "model_type": "qwen2_5_vl",
                "depth": 2,
                "hidden_size": 32,
                "out_hidden_size": 64,
                "hidden_act": "silu",
                "intermediate_size": 64,
                "num_heads": 2,
                "in_chans": 3,
                "in_channels": 3,
                "patch_size": 14,
                "spatial_merge_size": 2,
                "temporal_patch_size": 2,
                "window_size": 56,
                "fullatt_block_indexes": [1],
            },
        },
        CHATML,
        QWEN_PICTURES,
        None,
        112,
    ),
    "idefics3": (
        "Idefics3ForConditionalGeneration",
        {
            "image_token_id": SPECIAL.index("<image>"),
            "pad_token_id": SPECIAL.index(PAD),
            "scale_factor": 2,
            "tie_word_embeddings": False,
            "text_config": {**TEXT, "model_type": "llama"},
            "vision_config": {**SIGLIP, "model_type": "idefics3_vision", "image_size": 56, "patch_size": 14},
        },
        IDEFICS_CHAT,
        {
            **COLOURS,
            "do_convert_rgb": True,
            "do_resize": True,
            "do_rescale": True,
            "do_normalize": True,
            "do_pad": True,
            # With it, mistral.rs 0.8.1 breaks down at every picture.
            "do_image_splitting": False,
            "rescale_factor": 1 / 255,
            "resample": 1,
            "size": {"longest_edge": 56},
            "max_image_size": {"longest_edge": 56},
        },
        {"image_seq_len": 4},
        56,
    ),
}
TYPES = {"gemma3": "gemma3", "qwen2-vl": "qwen2_vl", "qwen2.5-vl": "qwen2_5_vl", "idefics3": "idefics3"}


def write(path: pathlib.Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Random weights that let each part matter, and that never lead to a special token."""
    generator = torch.Generator().manual_seed(seed)
    words, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    is_tied = head.data_ptr() == words.data_ptr()
    with torch.no_grad():
        for name, weights in sorted(model.named_parameters()):
            random = torch.randn(weights.shape, generator=generator)
            if weights is words and is_tied:
                # Small, or each word would be followed by itself.
                random *= 0.12
            elif weights.dim() > 1 and "embed" not in name:
                random *= 1.2 * weights[0].numel() ** -0.5
            elif weights.dim() == 1:
                random = 0.2 * random + (1.0 if name.endswith("weight") else 0.0)
            weights.copy_(random)
        head *= 1 if is_tied else 4
        head[: len(SPECIAL)] = 0


def prompt(kind: str, pictures: int) -> str:
    """The conversation as the engine writes it, with each picture's tokens in their place."""
    _, _, template, _, place, side = KINDS[kind]
    question = QUESTION
    if kind.startswith("qwen"):
        count = (side // 28) ** 2
        question = f"<|vision_start|>{'<|image_pad|>' * count}<|vision_end|>" * pictures + question
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    if kind in ("gemma3", "idefics3"):
        for message in messages:
            message["content"] = [{"type": "text", "text": message["content"]}]
        messages[-1]["content"] = [{"type": "image"}] * pictures + messages[-1]["content"]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    # Where the tokenizer puts the mark of the beginning, the template must not.
    beginning = "<bos>" if kind.startswith("qwen") else ""
    text = environment.from_string(template).render(
        messages=messages, add_generation_prompt=True, bos_token=beginning
    )
    if kind == "gemma3":
        parts = "<image_soft_token>" * place["image_seq_length"]
        text = text.replace("<start_of_image>", f"\n\n<start_of_image>{parts}<end_of_image>\n\n")
    if kind == "idefics3":
        fake, parts = "<fake_token_around_image>", "<image>" * place["image_seq_len"]
        text = text.replace("<image>", f"{fake}<global-img>{parts}{fake}")
    return text


def pixels(kind: str) -> dict:
    """What the network takes of the picture: numbers alone, since nothing is scaled."""
    side = KINDS[kind][-1]
    values = torch.tensor(picture(side)).permute(2, 0, 1).float() / 255
    values = (values - 0.5) / 0.5
    if not kind.startswith("qwen"):
        values = values[None]
        return {"pixel_values": values[None] if kind == "idefics3" else values}
    rows = side // 14
    patches = values[None].repeat(2, 1, 1, 1)
    patches = patches.reshape(1, 2, 3, rows // 2, 2, 14, rows // 2, 2, 14)
    patches = patches.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(rows * rows, 3 * 2 * 14 * 14)
    return {"pixel_values": patches, "image_grid_thw": torch.tensor([[1, rows, rows]])}


def answer(kind: str, model: torch.nn.Module, tokens: Tokenizer, pictures: int) -> tuple[str, float]:
    """The likeliest tokens, and the least lead of one over the next."""
    ids = torch.tensor([tokens.encode(prompt(kind, pictures)).ids])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if pictures:
        inputs |= pixels(kind)
        if kind == "gemma3":
            inputs["token_type_ids"] = (ids == SPECIAL.index("<image_soft_token>")).long()
    written = model.generate(
        **inputs, max_new_tokens=TOKENS, do_sample=False, return_dict_in_generate=True, output_logits=True
    )
    text = tokens.decode(written.sequences[0, ids.shape[1] :].tolist())
    tops = [logits[0].topk(2).values for logits in written.logits]
    return text, min(float(top[0] - top[1]) for top in tops)


def make(kind: str) -> dict:
    name, settings, template, for_pictures, place, side = KINDS[kind]
    folder = HERE / kind
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model_type = TYPES.get(kind, "llama")
    write(folder / "config.json", {"architectures": [name], "model_type": model_type, **settings})
    tokens = tokenizer(adds_beginning=not kind.startswith("qwen"))
    tokens.save(str(folder / "tokenizer.json"))
    marks = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": PAD, "unk_token": "<unk>"}
    write(folder / "tokenizer_config.json", {**marks, "chat_template": template})
    if for_pictures:
        write(folder / "preprocessor_config.json", for_pictures)
    if place:
        write(folder / "processor_config.json", place)
    config = transformers.AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model = getattr(transformers, name)(config).float().eval()
    for seed in range(400):
        randomise(model, seed)
        answers = [answer(kind, model, tokens, pictures) for pictures in range(1 + bool(side))]
        texts = [text for text, _ in answers]
        are_apart = all(lead > MARGIN for _, lead in answers) and len(set(texts)) == len(texts)
        if are_apart and all(text == text.strip() and len(set(text)) >= VARIETY for text in texts):
            break
    else:
        raise SystemExit(f"{kind}: no seed gives answers that are apart")
    # Through the library, which gives the weights their published names.
    model.save_pretrained(folder, safe_serialization=True)
    write(folder / "config.json", {"architectures": [name], "model_type": model_type, **settings})
    (folder / "generation_config.json").unlink(missing_ok=True)
    prompt_tokens = [len(tokens.encode(prompt(kind, pictures)).ids) for pictures in range(len(texts))]
    lead = min(lead for _, lead in answers)
    print(kind, seed, f"{lead:.3f}", texts, prompt_tokens)
    return {"side": side, "answers": texts, "prompt_tokens": prompt_tokens}


if __name__ == "__main__":
    made = {kind: make(kind) for kind in KINDS}
    write(HERE / "answers.json", {"system": SYSTEM, "question": QUESTION, "tokens": TOKENS, "kinds": made})
