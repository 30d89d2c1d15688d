"""Tokenizers of some hundred tokens, each with the steps of the real one of its layout.

They are used by tiny_encoders.py, which says what is needed to run it. Nothing is trained: words
and letters are listed in the order of the texts below, so they always come out the same.
"""

import string

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

# What the encoders are asked: plain, with capitals and signs, beyond ASCII, nothing, and too long.
TEXTS = [
    "axial CT of the abdomen with contrast",
    "Chest X-ray: LEFT-sided pleural effusion (arrow), 3 cm!",
    "Röntgenbild des Knies – 膝关节 MRI, T2-weighted  with   gaps",
    "",
    " ".join(f"finding {n} on the coronal slice of the brain," for n in range(40)),
]
WORDS = (
    "axial abdomen with contrast of the chest pleural effusion arrow on coronal slice brain finding "
    "magnetic resonance radiograph knee left right fracture nodule sagittal weighted"
).split()
LETTERS = string.ascii_lowercase + string.digits


def clip() -> Tokenizer:
    """Bytes that merge into words, which end with </w>; the end of the text is the largest id."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens, merges = alphabet + [f"{byte}</w>" for byte in alphabet], []
    for word in WORDS:
        whole = word[0]
        for letter in [*word[1:-1], f"{word[-1]}</w>"]:
            merges.append((whole, letter))
            whole += letter
            tokens.append(whole)
    start, end = "<|startoftext|>", "<|endoftext|>"
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys([*tokens, start, end]))}
    tokenizer = Tokenizer(
        models.BPE(vocabulary, list(dict.fromkeys(merges)), unk_token=end, end_of_word_suffix="</w>")
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    split = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(split, "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.add_special_tokens([start, end])
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=(end, vocabulary[end]), cls=(start, vocabulary[start]), trim_offsets=False, add_prefix_space=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def siglip() -> Tokenizer:
    """Pieces of SentencePiece after SigLIP's cleaning: small letters, no punctuation; </s> ends."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    pieces += [(f"▁{word}", -5.0) for word in WORDS] + [(letter, -8.0) for letter in LETTERS]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"), ""),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def bert() -> Tokenizer:
    """Words and their pieces after ##, small letters, between [CLS] and [SEP]."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*specials, *LETTERS, *",.-:", *(f"##{letter}" for letter in LETTERS), *WORDS]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(specials)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer
