"""The image encoder in PyTorch, as a peer of `mirage bench encode`.

    python3 encode.py FOLDER PICTURES BATCH THREADS [compile]

FOLDER holds `config.json` and `model.safetensors`. It needs torch, safetensors and numpy, and
nothing of this repository. The first line it prints tells the versions, or what is missing. After
that each line on standard input is a task, and each answer a line of JSON:

    whole    seconds to embed all pictures from their pixels
    network  seconds for the network alone, its inputs prepared
    vectors  the embeddings of the first pictures, to compare with

PyTorch gets what it is fastest with: inference mode, channels last, and the network as it is
written or frozen by TorchScript, whichever is faster on this machine. With `compile` it may also be
compiled by `torch.compile`, which takes a C++ compiler and about a minute first.
"""

import json
import math
import sys
import time
import warnings
from pathlib import Path

try:
    import numpy as np
    import torch
    from safetensors.torch import load_file
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    print(json.dumps({"missing": error.name}), flush=True)
    sys.exit(0)

FORMAT = "mirage-image-encoder/1"
SIZES = [(224, 224), (256, 341), (300, 200), (512, 512)]
COMPARED = 8


def picture(number: int) -> torch.Tensor:
    """Height x width x 3 bytes that any language can make: waves and a grid."""
    height, width = SIZES[number % len(SIZES)]
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    c = c * (number % 2)  # every other one is gray
    values = (x * 3 + y * 2 + x * y // 16 % 64 + c * 40 + number * 31) % 256
    return torch.from_numpy(values.astype(np.uint8))


class Conv(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding."""

    def forward(self, values):
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return F.conv2d(values, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        pads = []
        for length in (values.shape[3], values.shape[2]):
            total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(values, pads), self.weight, self.bias, stride, 0, 1, self.groups)


class Block(nn.Module):
    """An inverted residual: expand, filter each channel, project."""

    def __init__(self, shape: dict):
        super().__init__()
        inner = shape["in"] * shape["expansion"]
        self.expand = Conv(shape["in"], inner, 1) if shape["expansion"] != 1 else None
        self.depthwise = Conv(inner, inner, shape["kernel"], shape["stride"], groups=inner)
        self.project = Conv(inner, shape["out"], 1)
        self.residual = shape["stride"] == 1 and shape["in"] == shape["out"]

    def forward(self, values):
        inner = values if self.expand is None else F.relu6(self.expand(values))
        inner = self.project(F.relu6(self.depthwise(inner)))
        return values + inner if self.residual else inner


class Encoder(nn.Module):
    """Inputs (pictures, 3, rows, columns) to unit vectors."""

    def __init__(self, config: dict):
        super().__init__()
        trunk = config["trunk"]
        stem, last = trunk["stem"], trunk["last"]
        self.stem = Conv(3, stem["channels"], stem["kernel"], stem["stride"])
        self.blocks = nn.ModuleList(Block(shape) for shape in trunk["blocks"])
        self.last = Conv(trunk["blocks"][-1]["out"], last, 1)
        self.fc1 = nn.Linear(2 * last, config["hidden"])
        self.fc2 = nn.Linear(config["hidden"], config["dimensions"])

    def forward(self, values):
        values = F.relu6(self.stem(values))
        for block in self.blocks:
            values = block(values)
        values = F.relu6(self.last(values))
        pooled = torch.cat([values.mean((2, 3)), values.amax((2, 3))], 1)
        return F.normalize(self.fc2(F.relu(self.fc1(pooled))), dim=1)


def load(folder: Path):
    """The network of a folder, with its preprocessing."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config["format"] != FORMAT:
        raise ValueError(f"the format is {config['format']}, this script reads {FORMAT}")
    encoder = Encoder(config)
    state = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
    encoder.load_state_dict(state)
    return encoder.eval().to(memory_format=torch.channels_last), config["preprocessing"]


def prepare(pictures: list, preprocessing: dict) -> torch.Tensor:
    """The network's inputs: a triangle filter in floating point, then the normalisation."""
    size = preprocessing["size"]
    inputs = torch.empty((len(pictures), 3, size, size)).contiguous(memory_format=torch.channels_last)
    for place, pixels in enumerate(pictures):
        values = pixels.permute(2, 0, 1)[None].float()
        resized = F.interpolate(values, (size, size), mode="bilinear", align_corners=False, antialias=True)
        inputs[place] = resized[0]
    return inputs.sub_(preprocessing["mean"]).div_(preprocessing["scale"])


def seconds(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def fastest(encoder, example, may_compile: bool):
    """The network as it is or prepared, with its name: whichever needs less time."""
    candidates = {"eager": encoder}
    if may_compile:
        candidates["torch.compile"] = torch.compile(encoder)
    try:
        traced = torch.jit.trace(encoder, example, check_trace=False)
        candidates["TorchScript, frozen"] = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
    except Exception:  # noqa: BLE001 - TorchScript is leaving PyTorch; without it there is one candidate
        pass
    times = {}
    for name, candidate in candidates.items():
        # The first runs compile.
        times[name] = [seconds(lambda c=candidate: c(example)) for _ in range(6)][3:]
    best = min(times, key=lambda name: min(times[name]))
    return candidates[best], best


def main() -> None:
    warnings.filterwarnings("ignore")  # TorchScript's farewell
    folder, count, batch, threads = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    encoder, preprocessing = load(folder)
    pictures = [picture(number) for number in range(count)]
    batches = [pictures[start : start + batch] for start in range(0, count, batch)]
    with torch.inference_mode():
        inputs = [prepare(some, preprocessing) for some in batches]
        network, way = fastest(encoder, inputs[0], "compile" in sys.argv[5:])
        versions = {"torch": torch.__version__, "way": way, "threads": torch.get_num_threads()}
        print(json.dumps({"ready": versions}), flush=True)
        for line in sys.stdin:
            task = line.strip()
            if task == "whole":
                answer = seconds(lambda: [network(prepare(some, preprocessing)) for some in batches])
            elif task == "network":
                answer = seconds(lambda: [network(some) for some in inputs])
            elif task == "vectors":
                answer = torch.cat([network(some) for some in inputs])[:COMPARED].tolist()
            else:
                raise ValueError(f"there is no task {task!r}")
            print(json.dumps({"answer": answer}), flush=True)


if __name__ == "__main__":
    main()
