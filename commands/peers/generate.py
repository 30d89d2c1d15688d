"""The generator of pictures in Python's diffusers, as a peer of `mirage bench generate`.

    python3 generate.py FOLDER TEXT_ENCODER PROMPT STEPS GUIDANCE SIZE THREADS [compile]

FOLDER has diffusers' layout (unet, vae, scheduler, text_encoder); TEXT_ENCODER holds all-MiniLM-L6-v2 for a folder that
refers to it, and is not looked at for one with a CLIP of its own. It needs torch, diffusers and transformers, and nothing
of this repository. The first line it prints tells the versions, or what is missing. After that each line on standard
input is a task, and each answer a line of JSON:

    picture N    seconds for one picture from the Nth seed: words, all steps with guidance, decoding
    parts N      the same, as seconds for words, steps and decoding
    kilobytes    the memory that the process holds

PyTorch gets what it is fastest with: inference mode, its fused attention, and channels last or not, whichever is faster
on this machine. With `compile` the UNet may also be compiled by `torch.compile`.
"""

import json
import resource
import sys
import time
import warnings
from pathlib import Path

try:
    import diffusers
    import torch
    import transformers
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
except ImportError as error:
    print(json.dumps({"missing": error.name}), flush=True)
    sys.exit(0)

MINILM = "MiniLmTokenStates"


class MiniLm:
    """Token states of a sentence encoder, with rows of zeros behind the text."""

    def __init__(self, folder: Path, words: dict):
        self.length = words["max_length"]
        self.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        self.tokenizer.backend_tokenizer.no_padding()
        self.network = transformers.BertModel.from_pretrained(folder, add_pooling_layer=False).eval()

    def __call__(self, text: str) -> torch.Tensor:
        ids = self.tokenizer(text, truncation=True, max_length=self.length, return_tensors="pt")
        states = self.network(ids["input_ids"], ids["attention_mask"]).last_hidden_state
        padded = torch.zeros(1, self.length, states.shape[2])
        padded[:, : states.shape[1]] = states
        return padded


class Clip:
    """The text tower that comes with the folder."""

    def __init__(self, folder: Path):
        self.tokenizer = transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.network = transformers.CLIPTextModel.from_pretrained(folder / "text_encoder").eval()

    def __call__(self, text: str) -> torch.Tensor:
        length = self.tokenizer.model_max_length
        ids = self.tokenizer(text, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
        return self.network(ids["input_ids"])[0]


class Generator:
    """All parts of a folder."""

    def __init__(self, folder: Path, text_encoder: Path):
        words = json.loads((folder / "text_encoder" / "config.json").read_text(encoding="utf-8"))
        self.words = MiniLm(text_encoder, words) if words.get("_class_name") == MINILM else Clip(folder)
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).eval()
        self.vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval()
        self.scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
        self.factor = 2 ** (len(self.vae.config.block_out_channels) - 1)

    def prepare(self, kind: str) -> None:
        """Lays the weights as `kind` says."""
        layout = torch.channels_last if kind == "channels last" else torch.contiguous_format
        self.unet.to(memory_format=layout)
        self.vae.to(memory_format=layout)

    def picture(self, prompt: str, steps: int, guidance: float, size: int, seed: int) -> list[float]:
        """Seconds for the words, for the steps and for decoding."""
        started = time.perf_counter()
        both = torch.cat([self.words(""), self.words(prompt)])
        with_words = time.perf_counter()
        side = size // self.factor
        noise = torch.Generator().manual_seed(seed)
        latents = torch.randn(1, self.unet.config.in_channels, side, side, generator=noise)
        self.scheduler.set_timesteps(steps)
        for step in self.scheduler.timesteps:
            without, under = self.unet(torch.cat([latents, latents]), step, both, return_dict=False)[0].chunk(2)
            predicted = without + guidance * (under - without)
            latents = self.scheduler.step(predicted, step, latents, return_dict=False)[0]
        with_steps = time.perf_counter()
        picture = self.vae.decode(latents / self.vae.config.scaling_factor, return_dict=False)[0]
        if not torch.isfinite(picture).all():
            raise ValueError("the picture has numbers that are none")
        return [with_words - started, with_steps - with_words, time.perf_counter() - with_steps]


def fastest(generator: Generator, arguments, may_compile: bool) -> str:
    """The way that needs least time, which the generator is left in."""
    times = {}
    for kind in ("contiguous", "channels last"):
        generator.prepare(kind)
        # The first run warms caches.
        times[kind] = min(sum(generator.picture(*arguments, seed)) for seed in range(3))
    best = min(times, key=times.get)
    generator.prepare(best)
    if may_compile:
        eager, generator.unet = generator.unet, torch.compile(generator.unet)
        compiled = [sum(generator.picture(*arguments, seed)) for seed in range(4)][1:]
        if min(compiled) < times[best]:
            return f"{best}, torch.compile"
        generator.unet = eager
    return best


def main() -> None:
    warnings.filterwarnings("ignore")
    diffusers.utils.logging.set_verbosity_error()
    folder, text_encoder, prompt = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    steps, guidance, size, threads = int(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6]), int(sys.argv[7])
    torch.set_num_threads(threads)
    with torch.inference_mode():
        generator = Generator(folder, text_encoder)
        arguments = (prompt, steps, guidance, size)
        way = fastest(generator, arguments, "compile" in sys.argv[8:])
        versions = {"diffusers": diffusers.__version__, "torch": torch.__version__, "way": way}
        print(json.dumps({"ready": versions | {"threads": torch.get_num_threads()}}), flush=True)
        for line in sys.stdin:
            task, *numbers = line.split()
            if task == "picture":
                answer = sum(generator.picture(*arguments, int(numbers[0])))
            elif task == "parts":
                answer = generator.picture(*arguments, int(numbers[0]))
            elif task == "kilobytes":
                answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            else:
                raise ValueError(f"there is no task {task!r}")
            print(json.dumps({"answer": answer}), flush=True)


if __name__ == "__main__":
    main()
