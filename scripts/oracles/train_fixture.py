"""One batch through a small ternary model and back, in PyTorch and double precision.

    python scripts/oracles/train_fixture.py test/fixtures/train/one-batch.json

The model is unmask's `bitnet` graph (RMSNorm, grouped-query attention, RoPE on halves, SiLU gate,
sub-norms, tied head). Weights are hashes of their names, so the fixture holds none: it holds the
batch, the loss, each row's loss and, for every tensor, the gradient's norm and its dot product with
another hash, without quantisation, half way and with it; then the parameters after a step of AdamW
(torch.optim) and of Muon (formulas, Newton-Schulz in double precision), as norm and dot product.
"""

import json
import math
import sys

import torch

torch.set_default_dtype(torch.float64)

HIDDEN, FFN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY = 24, 40, 2, 4, 2, 6, 37
EPS, ROPE_BASE, CONTEXT = 1e-5, 10000.0, 64
MASK32 = 0xFFFFFFFF


def mix(h):
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK32
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK32
    return h ^ (h >> 16)


def hashed(seed, position, draw):
    """src/util/rng.ts"""
    h = mix((seed ^ 0x9E3779B9) & MASK32)
    h = mix(h ^ (position * 0x9E3779B1 & MASK32))
    return mix(h ^ (draw * 0x85EBCA77 & MASK32))


def uniforms(stream, count):
    """In (-1, 1), representable in f32."""
    return torch.tensor([(hashed(stream, i, 0) >> 8) / 0x800000 - 1 for i in range(count)])


def parameters():
    """name, shape (rows first), ternary; in the order of the program"""
    q, kv = HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM
    yield "token_embd.weight", (VOCABULARY, HIDDEN), False
    for i in range(LAYERS):
        blk = f"blk.{i}"
        yield f"{blk}.attn_norm.weight", (HIDDEN,), False
        yield f"{blk}.attn_q.weight", (q, HIDDEN), True
        yield f"{blk}.attn_k.weight", (kv, HIDDEN), True
        yield f"{blk}.attn_v.weight", (kv, HIDDEN), True
        yield f"{blk}.attn_sub_norm.weight", (q,), False
        yield f"{blk}.attn_output.weight", (HIDDEN, q), True
        yield f"{blk}.ffn_norm.weight", (HIDDEN,), False
        yield f"{blk}.ffn_gate.weight", (FFN, HIDDEN), True
        yield f"{blk}.ffn_up.weight", (FFN, HIDDEN), True
        yield f"{blk}.ffn_sub_norm.weight", (FFN,), False
        yield f"{blk}.ffn_down.weight", (HIDDEN, FFN), True
    yield "output_norm.weight", (HIDDEN,), False


def initial():
    tensors = {}
    for stream, (name, shape, ternary) in enumerate(parameters()):
        values = uniforms(stream, math.prod(shape)).reshape(shape)
        values = 1 + values / 4 if len(shape) == 1 else values / 4
        tensors[name] = (values.clone().requires_grad_(), ternary)
    return tensors


def straight_through(x, rounded, quantisation):
    return x + (quantisation * (rounded - x)).detach()


def ternarised(w):
    f32 = lambda x: x.to(torch.float32).to(torch.float64)
    inverse = f32(1 / torch.clamp(f32(w.abs().mean()), min=f32(torch.tensor(1e-5)).item()))
    return torch.clamp(torch.round(f32(w * inverse)), -1, 1) * f32(1 / inverse)


def int8(x):
    scale = 127 / torch.clamp(x.abs().amax(-1, keepdim=True), min=1e-5)
    return torch.clamp(torch.round(x * scale), -128, 127) / scale


def forward(tensors, batch, quantisation):
    get = lambda name: tensors[name][0]

    def norm(x, name):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPS) * get(name)

    def linear(x, name):
        w, ternary = tensors[name]
        if not ternary or quantisation == 0:
            return x @ w.T
        return straight_through(x, int8(x), quantisation) @ straight_through(w, ternarised(w), quantisation).T

    positions = torch.tensor(batch["positions"])
    half = HEAD_DIM // 2
    angles = positions[:, None] * ROPE_BASE ** (-2 * torch.arange(half) / HEAD_DIM)
    # The engine's tables are f32.
    cos, sin = (f(angles).to(torch.float32).to(torch.float64)[:, None, :] for f in (torch.cos, torch.sin))

    def rope(x):
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    rows = len(batch["tokens"])
    seen = torch.zeros(rows, rows, dtype=torch.bool)
    for r in range(rows):
        a, b, c, d = batch["keys"][4 * r : 4 * r + 4]
        seen[r, a:b] = True
        seen[r, c:d] = True

    x = get("token_embd.weight")[torch.tensor(batch["tokens"])]
    for i in range(LAYERS):
        blk = f"blk.{i}"
        h = norm(x, f"{blk}.attn_norm.weight")
        q = rope(linear(h, f"{blk}.attn_q.weight").view(rows, HEADS, HEAD_DIM))
        k = rope(linear(h, f"{blk}.attn_k.weight").view(rows, KV_HEADS, HEAD_DIM))
        v = linear(h, f"{blk}.attn_v.weight").view(rows, KV_HEADS, HEAD_DIM)
        k, v = (each.repeat_interleave(HEADS // KV_HEADS, 1) for each in (k, v))
        scores = torch.einsum("rhd,jhd->hrj", q, k) / math.sqrt(HEAD_DIM)
        scores = scores.masked_fill(~seen[None], -math.inf).softmax(-1)
        a = torch.einsum("hrj,jhd->rhd", scores, v).reshape(rows, -1)
        x = x + linear(norm(a, f"{blk}.attn_sub_norm.weight"), f"{blk}.attn_output.weight")
        h = norm(x, f"{blk}.ffn_norm.weight")
        u = torch.nn.functional.silu(linear(h, f"{blk}.ffn_gate.weight")) * linear(h, f"{blk}.ffn_up.weight")
        x = x + linear(norm(u, f"{blk}.ffn_sub_norm.weight"), f"{blk}.ffn_down.weight")
    logits = norm(x, "output_norm.weight") @ get("token_embd.weight").T
    targets = torch.tensor(batch["targets"])
    losses = torch.nn.functional.cross_entropy(logits, targets.clamp(min=0), reduction="none")
    losses = torch.where(targets >= 0, losses, torch.zeros(()))
    return (losses * torch.tensor(batch["weights"])).sum(), losses


def one_batch():
    """Two sequences: 9 causal rows; and 4 noisy rows (a block) that see themselves and the first 4 of 7 clean rows."""
    tokens = [hashed(99, i, 0) % VOCABULARY for i in range(20)]
    positions = list(range(9)) + [4, 5, 6, 7] + list(range(7))
    keys = []
    for r in range(9):
        keys += [0, r + 1, 0, 0]
    for r in range(9, 13):
        keys += [13, 17, 9, 13]
    for r in range(13, 20):
        keys += [13, r + 1, 13, 13]
    targets = [hashed(98, i, 0) % VOCABULARY if i % 3 != 2 else -1 for i in range(20)]
    weights = [1 / 16 if i < 9 else 1 / 32 for i in range(20)]
    return {"tokens": tokens, "positions": positions, "sequences": [0, 9, 20], "keys": keys, "targets": targets, "weights": weights}


def fingerprint(values, stream):
    flat = values.detach().flatten()
    return [flat.norm().item(), (flat @ uniforms(1000 + stream, flat.numel())).item()]


def orthogonal(g):
    if g.shape[0] > g.shape[1]:
        return orthogonal(g.T).T
    x = g / (g.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


OPTIONS = {"matrixRate": 0.01, "otherRate": 0.003, "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "momentum": 0.95, "weightDecay": 0.1, "clip": 0.5}


def updated(matrices, batch, steps):
    """Parameters after `steps` steps on the same batch, quantised."""
    tensors = initial()
    o = OPTIONS
    decayed = [t for name, (t, ternary) in tensors.items() if ternary]
    others = [t for name, (t, ternary) in tensors.items() if not ternary]
    groups = [{"params": others, "lr": o["otherRate"], "weight_decay": 0.0}]
    if matrices == "adamw":
        groups.append({"params": decayed, "lr": o["matrixRate"], "weight_decay": o["weightDecay"]})
    adamw = torch.optim.AdamW(groups, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
    momentum = [torch.zeros_like(t) for t in decayed]
    norms = []
    for _ in range(steps):
        adamw.zero_grad()
        for t in decayed:
            t.grad = None
        forward(tensors, batch, 1.0)[0].backward()
        everything = decayed + others
        norm = torch.sqrt(sum((t.grad**2).sum() for t in everything))
        norms.append(norm.item())
        for t in everything:
            t.grad *= min(1.0, o["clip"] / norm.item())
        adamw.step()
        if matrices == "muon":
            with torch.no_grad():
                for t, m in zip(decayed, momentum):
                    m.mul_(o["momentum"]).add_(t.grad)
                    step = orthogonal(t.grad + o["momentum"] * m) * 0.2 * math.sqrt(max(t.shape))
                    t -= o["matrixRate"] * (step + o["weightDecay"] * t)
    named = enumerate(tensors.items())
    return {"norms": norms, "parameters": {name: fingerprint(t, i) for i, (name, (t, _)) in named}}


def main(path):
    batch = one_batch()
    passes = []
    for quantisation in (0.0, 0.5, 1.0):
        tensors = initial()
        loss, losses = forward(tensors, batch, quantisation)
        loss.backward()
        gradients = {name: fingerprint(t.grad, i) for i, (name, (t, _)) in enumerate(tensors.items())}
        passes.append({"quantisation": quantisation, "loss": loss.item(), "losses": losses.tolist(), "gradients": gradients})
    fixture = {
        "model": {"hidden": HIDDEN, "ffn": FFN, "layers": LAYERS, "heads": HEADS, "kvHeads": KV_HEADS, "headDim": HEAD_DIM,
                  "vocabulary": VOCABULARY, "normEps": EPS, "ropeBase": ROPE_BASE, "contextLength": CONTEXT},
        "batch": batch,
        "passes": passes,
        "options": OPTIONS,
        "steps": 2,
        "updates": {matrices: updated(matrices, batch, 2) for matrices in ("adamw", "muon")},
    }
    with open(path, "w") as file:
        json.dump(fixture, file, separators=(",", ":"))
        file.write("\n")


main(sys.argv[1])
