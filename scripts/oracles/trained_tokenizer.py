"""Fixture for test/train/tokenizer: what the Python tokenizers library learns from the same text, and how it
reads a tokenizer that this project trained.

    unmask train data -o corpus.jsonl --examples 400 --seed 21
    unmask train tokenizer --data corpus.jsonl --vocabulary 480 -o tokenizer.json
    python scripts/oracles/trained_tokenizer.py corpus.jsonl tokenizer.json

Writes test/fixtures/train/tokenizer.json: the merges of tokenizers' own BpeTrainer for the same corpus and size,
and the ids it gives texts with the trained tokenizer.json. Needs the package tokenizers.
"""

import json
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

OUT = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "train" / "tokenizer.json"

TEXTS = [
    "",
    "What is 2+2?",
    "2 + 2 equals 4.",
    "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n2 + 2 equals 4.<|im_end|>\n",
    "<|endoftext|><|mask|><|mask|> mask",
    "Sort these numbers: 10, 9, 8.  Two  spaces\n\nand lines\t.",
    "I don't know that. It's fine, they'll see.",
    "Grüße aus Köln: naïve café, 東京, Привет, 👍🏽",
    "Cafe\u0301 \u00e9",
    "A baby cat is called a kitten. The capital of Zimbabwe is Harare.",
]


def trained(corpus, size, pattern):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, show_progress=False, initial_alphabet=alphabet)
    texts = [text for line in corpus for m in line["messages"] for text in (f"{m['role']}\n{m['content']}", "\n")]
    tokenizer.train_from_iterator(texts, trainer)
    return json.loads(tokenizer.to_str())["model"]["merges"]


def main(corpus_path, tokenizer_path):
    text = Path(corpus_path).read_text()
    corpus = [json.loads(line) for line in text.splitlines()]
    ours = json.loads(Path(tokenizer_path).read_text())
    reader = Tokenizer.from_file(tokenizer_path)
    pattern = ours["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
    size = len(ours["model"]["vocab"])
    fixture = {
        "vocabulary": size + len(ours["added_tokens"]),
        "corpus": [[[m["role"], m["content"]] for m in line["messages"]] for line in corpus],
        "merges": [" ".join(pair) for pair in trained(corpus, size, pattern)],
        "cases": [
            {"text": text, "ids": reader.encode(text, add_special_tokens=False).ids, "decoded": reader.decode(ids, skip_special_tokens=False)}
            for text in TEXTS
            for ids in [reader.encode(text, add_special_tokens=False).ids]
        ],
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(OUT.name, OUT.stat().st_size, "merges equal:", fixture["merges"] == [" ".join(p) for p in ours["model"]["merges"]])


main(sys.argv[1], sys.argv[2])
