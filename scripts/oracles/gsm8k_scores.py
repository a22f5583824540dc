"""Writes test/fixtures/eval/gsm8k-scores.json: what the filters and the metric of lm-evaluation-harness's
task gsm8k (version 3.0) make of answers, computed with Python's own `re` from the expressions in its YAML.

    python scripts/oracles/gsm8k_scores.py
"""

import json
import random
import re
from pathlib import Path

STRICT = (r"#### (\-?[0-9\.\,]+)", 0)
FLEXIBLE = (r"(-?[$0-9.,]{2,})|(-?[0-9]+)", -1)
IGNORED = [",", r"\$", r"(?s).*#### ", r"\.$"]


def extract(text, pattern, select):
    found = re.findall(pattern, text)
    if not found:
        return "[invalid]"
    match = found[select]
    if isinstance(match, tuple):
        match = next(part for part in match if part)
    return match.strip()


def bare(text):
    for pattern in IGNORED:
        text = re.sub(pattern, "", text)
    return text.lower()


BY_HAND = [
    ("So she makes $18 every day.\n#### 18", "9 * 2 = <<9*2=18>>18\n#### 18"),
    ("The answer is 18.", "x\n#### 18"),
    ("The answer is $18.00.", "x\n#### 18"),
    ("#### $18", "x\n#### 18"),
    ("####18", "x\n#### 18"),
    ("#### 18 and then #### 19", "x\n#### 18"),
    ("#### 18 and then #### 19", "x\n#### 19"),
    ("#### 70,000", "x\n#### 70000"),
    ("#### 70000", "x\n#### 70,000"),
    ("#### 1,234.", "x\n#### 1234"),
    ("#### -5", "x\n#### -5"),
    ("It is - 5", "x\n#### -5"),
    ("It is 5-3", "x\n#### 3"),
    ("Let me think...", "x\n#### 3"),
    ("It is 3 ...", "x\n#### 3"),
    ("It is 3 , or so", "x\n#### 3"),
    ("3.5 or 3.50", "x\n#### 3.5"),
    ("It is 50%.", "x\n#### 50"),
    ("It costs 5$", "x\n#### 5"),
    ("1/2", "x\n#### 2"),
    ("", "x\n#### 3"),
    ("no number", "x\n#### 3"),
    ("#### ", "x\n#### 3"),
    ("#### .", "x\n#### 3"),
    ("#### 3..", "x\n#### 3."),
    ("3", "x\n#### 3.\n"),
    ("\u0663", "x\n#### 3"),
    ("[INVALID]", "[invalid]"),
]


def drawn(rng):
    parts = ["#### ", "####", "#", " ", " ", "\n", "$", ",", ".", ".", "-", "a", "0", "1", "18", "7", "%"]
    return "".join(rng.choice(parts) for _ in range(rng.randint(0, 14)))


def main():
    rng = random.Random(7)
    pairs = BY_HAND + [(drawn(rng), f"x\n#### {rng.choice(['1', '18', '7', '0.1', '1,8', '-7'])}") for _ in range(300)]
    cases = []
    for text, answer in pairs:
        found = [extract(text, *STRICT), extract(text, *FLEXIBLE)]
        cases.append({"text": text, "answer": answer, "found": found, "right": [bare(f) == bare(answer) for f in found]})
    path = Path(__file__).parents[2] / "test/fixtures/eval/gsm8k-scores.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


main()
