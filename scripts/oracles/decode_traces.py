"""Decoder traces from an independent implementation of the Fast-dLLM v2 loop (arXiv 2509.26328), and of the windows
that models with a causal context decode.

Writes test/fixtures/decode/traces.json: for each case, which positions every forward commits, how
many rows it has, and the answer. Plain Python, no packages:

    python3 scripts/oracles/decode_traces.py

The loop here shares nothing with src/decode. It keeps one list for the whole sequence and, but
for DualCache, recomputes all of it in every forward, so nothing rests on K/V being kept rightly.

The model is a hash with the data flow of a two-layer transformer: a row's K/V are a hash of its
state, and its next state is a hash of its state and the sum of the K/V it sees. A wrong mask, a stale
or missing row, a wrong token or a wrong predictor row changes everything after it.
test/decode/hash-model.ts repeats the arithmetic.
"""

import json
import pathlib

WORD = 0xFFFFFFFF
LAYERS = 2
VOCABULARY = 50
MASK = 49


def mix(h):
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & WORD
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & WORD
    return h ^ (h >> 16)


def pair(a, b):
    return mix((a * 0x85EBCA77 & WORD) ^ ((b + 0x9E3779B9) * 0xC2B2AE3D & WORD))


def predict(state, seed):
    """(token, probability) with the mask token suppressed; probabilities are sixteenths, so ties are common."""
    out = pair(state, seed)
    token = (out >> 3 & 0x1FFF) % VOCABULARY
    if token == MASK:
        token = (token + 1) % VOCABULARY
    q = out >> 16
    return token, (((65535 - (q * q >> 16)) >> 12) + 1) / 16


def whole_pass(tokens, bound):
    """Row q of tokens sees k < bound(q). Returns final states and the K/V of each layer."""
    states = [pair(token, position) for position, token in enumerate(tokens)]
    kv = []
    for layer in range(LAYERS):
        layer_kv = [pair(state, layer + 1) for state in states]
        sums = [0]
        for value in layer_kv:
            sums.append(sums[-1] + value & WORD)
        states = [pair(state, sums[bound(q)]) for q, state in enumerate(states)]
        kv.append(layer_kv)
    return states, kv


def window_pass(tokens, position, prefix_kv, block_kv, block_start):
    """DualCache: rows of one sub-block replace theirs in block_kv, then see prefix and block."""
    states = [pair(token, position + i) for i, token in enumerate(tokens)]
    for layer in range(LAYERS):
        at = position - block_start
        block_kv[layer][at : at + len(tokens)] = [pair(state, layer + 1) for state in states]
        total = sum(prefix_kv[layer]) + sum(block_kv[layer]) & WORD
        states = [pair(state, total) for state in states]
    return states


def generate(case):
    """Returns (forwards, answer, reason). forwards: [rows, position...] with rows 0 for the prompt pass."""
    size, sub, seed = case["block"], case["subBlock"], case["seed"]
    x = list(case["prompt"])
    n = len(x)
    forwards = []

    def answer_state():
        """The finished answer as (tokens, reason), or None while it goes on."""
        done = []
        for token in x[n:]:
            if token is None:
                return None
            done.append(token)
            if token in case["stopTokens"]:
                return done, "stop"
            if len(done) == case["maxTokens"]:
                return done, "length"
        return None

    def clean_bound(q):
        return (q // size + 1) * size if case["attention"] == "block-causal" else q + 1

    def append_next(rows, bound):
        """The prediction of the last row, all rows being clean."""
        states, _ = whole_pass(x, bound)
        x.append(predict(states[-1], seed)[0])
        forwards.append([rows, len(x) - 1])

    if case["mode"] in ("autoregressive", "verified"):  # verified: the same answer, by other forwards
        rows = 0
        while (finished := answer_state()) is None:
            append_next(rows, lambda q: q + 1)
            rows = 1
        return forwards, *finished

    if case["attention"] == "context-causal" and case["shift"]:
        # A window's rows follow the text that is known without a gap, which is the prompt at first, see it and each other,
        # and predict from the second position on; its first position is what that text predicts, and taken at once.
        clean = 0
        while (finished := answer_state()) is None:
            start = x.index(None) if None in x else len(x)
            x += [None] * (start + sub + 1 - len(x))
            shown = [MASK if token is None else token for token in x[: start + sub]]
            states, _ = whole_pass(shown, lambda q: start + sub if q >= start else q + 1)
            scores = {p: predict(states[p - 1], seed) for p in range(start, start + sub + 1) if x[p] is None}
            chosen = [start, *above(case, {p: scores[p] for p in scores if p > start})]
            for p in chosen:
                x[p] = scores[p][0]
            forwards.append([0 if start == n else start - clean + sub, *chosen])
            clean = start
        return forwards, *finished

    if n % size == 0 and case["shift"]:
        append_next(0, clean_bound)
    while True:
        start = len(x) // size * size  # of the block in progress
        x += [None] * (start + size - len(x))
        block_kv = None

        def bound(q):
            return start + size if q >= start else clean_bound(q)

        for small in range(start, start + size, sub):
            step = 0
            while None in x[small : small + sub]:
                if (finished := answer_state()) is not None:
                    return forwards, *finished
                shown = [MASK if token is None else token for token in x]
                shifted = case["dualCache"] == "shifted"
                if not case["dualCache"] or sub == size or block_kv is None or (x[small] is None and not shifted):
                    states, kv = whole_pass(shown, bound)
                    prefix_kv = [layer[:start] for layer in kv]
                    block_kv = [layer[start:] for layer in kv]
                    rows, first = size, 0
                else:
                    reach = 0
                    if shifted and step == 0:
                        reach = sub
                    elif shifted and x[small] is None:
                        reach = int(case["shift"])
                    first = max(start, small - reach)
                    rows = small + sub - first
                    states = window_pass(shown[first : small + sub], first, prefix_kv, block_kv, start)
                step += 1
                scores = {}
                for p in range(small, small + sub):
                    if x[p] is None:
                        scores[p] = predict(states[p - case["shift"] - first], seed)
                chosen = select(case, scores)
                for p in chosen:
                    x[p] = scores[p][0]
                forwards.append([rows, *chosen])
        if (finished := answer_state()) is not None:
            return forwards, *finished
        if case["shift"]:
            append_next(size, clean_bound)
            if (finished := answer_state()) is not None:
                return forwards, *finished
        else:
            forwards.append([size])


def above(case, scores):
    """Positions that are sure enough to commit: of adaptive from the left, as long as all of them together are."""
    threshold = case["threshold"]
    if case["mode"] == "adaptive":
        run, together = [], 1.0
        for p in sorted(scores):
            together *= scores[p][1]
            if not together > threshold:
                break
            run.append(p)
        return run
    return sorted(p for p in scores if scores[p][1] > (-1 if case["mode"] == "greedy" else threshold))


def select(case, scores):
    if case["mode"] == "adaptive":
        return above(case, scores) or sorted(scores)[:1]
    # Highest confidence first; the sort is stable, so the lowest position among equals.
    return above(case, scores) or sorted(scores, key=lambda p: -scores[p][1])[:1]


def cases():
    """Options drawn by hash; lengths in turn. Prompts hold the mask token and stop tokens now and then."""
    lengths = [32, 1, 31, 33, 64, 96, 40, 5, 63, 65, 95, 100]
    for i in range(72):
        draws = iter(range(i * 100, i * 100 + 100))

        def pick(options):
            return options[mix(next(draws)) % len(options)]

        case = {
            "mode": pick(["adaptive", "adaptive", "iterative", "iterative", "greedy", "autoregressive", "verified"]),
            "attention": pick(["block-causal", "context-causal"]),
            "shift": pick([True, True, True, False]),
            "block": pick([32, 32, 32, 32, 32, 64, 8, 4]),
            "subBlock": pick([8, 8, 32, 4, 16, 1]),
            "dualCache": pick([True, True, False, "shifted", "shifted", "shifted"]),
            "threshold": pick([0.9, 0.9375, 0.875, 0.5, 0.7, 0.95, 1.0]),
            "maxTokens": pick([1, 20, 33, 64, 80, 100]),
            "stopTokens": pick([[], [7], [3, MASK]]),
            "seed": i,
            "prompt": [mix(i * 1000 + p) % VOCABULARY for p in range(lengths[i % len(lengths)])],
        }
        if case["block"] % case["subBlock"] != 0:
            case["subBlock"] = case["block"]
        if case["mode"] == "verified":
            case["attention"] = "context-causal"
        if case["mode"] in ("verified", "autoregressive"):
            case["shift"] = True
        yield case


def main():
    out = []
    for case in cases():
        forwards, answer, reason = generate(case)
        if case["mode"] == "verified":
            forwards = None
        out.append({**case, "forwards": forwards, "answer": answer, "reason": reason})
    document = {"vocabulary": VOCABULARY, "maskToken": MASK, "cases": out}
    path = pathlib.Path(__file__).parents[2] / "test/fixtures/decode/traces.json"
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in out)
    head = json.dumps({**document, "cases": None})[: -len("null}")]
    path.write_text(f"{head}[\n{lines}\n]}}\n")
    print(f"{len(out)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
