"""Oracles of whole forwards: tiny random models as GGUF files, what is run, and the logits expected.

    python3 -m venv oracle && oracle/bin/pip install torch transformers gguf numpy
    oracle/bin/python scripts/oracles/model_fixtures.py

Writes test/fixtures/oracles/NAME.{gguf,json,bin}. The logits come from forward.py with K/V rounded to
f16 after the rotary embedding, as the engine keeps them. Before that, the same code without the
rounding is held against transformers (causal, and block-causal through a 4-D mask) to 1e-5, so the
only thing the oracle knows and transformers does not is the rounding.
"""

import json
import os
import pathlib

os.environ["TORCH_COMPILE_DISABLE"] = "1"  # transformers compiles its quantisers; not needed here

import torch
import transformers
from transformers.integrations.bitnet import AutoBitLinear

from forward import Config, Sequence, block_causal, causal
from gguf_models import write_model

OUT = pathlib.Path(__file__).parents[2] / "test/fixtures/oracles"

llama3_factors = torch.tensor([1.0, 1.0, 3.5, 8.0])

MODELS = {
    # Odd sizes on purpose: no width but the ternary ones is a multiple of a vector register.
    "llama": Config("llama", 48, 76, 2, 3, 1, 16, 83, tied=False),
    "llama-rope-factors": Config("llama", 36, 52, 2, 4, 2, 8, 67, rope_factors=llama3_factors, weight_type="F16", block=16),
    "qwen2-tied": Config("qwen2", 56, 88, 2, 4, 2, 14, 91, bias=True, weight_type="BF16", eps=1e-6, rope_base=1e6),
    "qwen2-untied": Config("qwen2", 32, 64, 2, 4, 2, 16, 71, bias=True, tied=False, weight_type="Q8_0", rope_linear=2.0, block=64),
    "bitnet-float": Config("bitnet", 48, 80, 2, 4, 2, 12, 67, sub_norms=True),
    "bitnet-b1.58-float": Config("bitnet-b1.58", 40, 72, 2, 5, 5, 8, 67, sub_norms=True, activation="relu2", weight_type="F16"),
    "bitnet-i2_s": Config("bitnet", 128, 256, 2, 4, 2, 32, 67, sub_norms=True, ternary=True, weight_type="I2_S"),
    "bitnet-25-tq2_0": Config("bitnet-25", 256, 256, 1, 4, 1, 64, 71, sub_norms=True, activation="relu2", ternary=True, weight_type="TQ2_0"),
    "bitnet-b1.58-tq1_0": Config("bitnet-b1.58", 256, 256, 1, 2, 2, 128, 71, sub_norms=True, activation="relu2", ternary=True, weight_type="TQ1_0"),
    "llama-q2_0": Config("llama", 128, 192, 2, 2, 1, 64, 67, ternary=True, weight_type="Q2_0"),
}  # fmt: skip


def make_weights(c, generator):
    """Random weights that survive storage in c.weight_type unchanged, and the ternary masters."""
    masters = {}

    def stored(x):
        if c.weight_type == "Q8_0":
            return torch.tensor(dequantised_q8(x.numpy()))
        kind = {"F16": torch.float16, "BF16": torch.bfloat16}.get("F16" if c.ternary else c.weight_type)
        return x if kind is None else x.to(kind).float()

    def matrix(name, rows, columns, spread):
        x = torch.randn(rows, columns, generator=generator) * spread
        if not c.ternary or not name.startswith("model.layers"):
            weights[name] = stored(x)
            return
        masters[name] = x
        alpha = x.abs().mean()
        t = (x * (1 / alpha)).round().clamp(-1, 1)
        if c.weight_type != "I2_S":
            alpha = alpha.half().float()  # the other types keep it so
        weights[name] = (alpha, t)

    def vector(name, length, mean, spread):
        weights[name] = mean + spread * torch.randn(length, generator=generator)

    weights = {}
    q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
    matrix("model.embed_tokens.weight", c.vocabulary, c.hidden, 2 / c.hidden**0.5)
    for layer in range(c.layers):
        p = f"model.layers.{layer}."
        vector(p + "input_layernorm.weight", c.hidden, 1, 0.2)
        for name, width in [("q", q), ("k", kv), ("v", kv)]:
            matrix(p + f"self_attn.{name}_proj.weight", width, c.hidden, 1.2 / c.hidden**0.5)
            if c.bias:
                vector(p + f"self_attn.{name}_proj.bias", width, 0, 0.3)
        # A K/V value between two f16 numbers may be rounded to the other one by anybody who adds in
        # another order. Attention is a quiet part of these models, so that this moves no logit by
        # 1e-4, while a wrong mask moves them by hundreds of times as much.
        matrix(p + "self_attn.o_proj.weight", c.hidden, q, 0.05 / q**0.5)
        vector(p + "post_attention_layernorm.weight", c.hidden, 1, 0.2)
        matrix(p + "mlp.gate_proj.weight", c.ffn, c.hidden, 1 / c.hidden**0.5)
        matrix(p + "mlp.up_proj.weight", c.ffn, c.hidden, 1 / c.hidden**0.5)
        matrix(p + "mlp.down_proj.weight", c.hidden, c.ffn, 1 / c.ffn**0.5)
        if c.sub_norms:
            vector(p + "self_attn.attn_sub_norm.weight", q, 1, 0.2)
            vector(p + "mlp.ffn_sub_norm.weight", c.ffn, 1, 0.2)
    vector("model.norm.weight", c.hidden, 0.4 if c.ternary else 1, 0.1)
    if not c.tied:
        matrix("lm_head.weight", c.vocabulary, c.hidden, 2 / c.hidden**0.5)
    return weights, masters


def dequantised_q8(x):
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    return dequantize(quantize(x, GGMLQuantizationType.Q8_0), GGMLQuantizationType.Q8_0)


def hugging_face(c, weights, masters):
    """The same model in transformers."""
    rope = {"rope_type": "default", "rope_theta": c.rope_base}
    if c.rope_linear != 1:
        rope = {"rope_type": "linear", "factor": c.rope_linear, "rope_theta": c.rope_base}
    family = "BitNet" if c.sub_norms else {"llama": "Llama", "qwen2": "Qwen2"}[c.architecture]
    config = getattr(transformers, family + "Config")(
        hidden_size=c.hidden, intermediate_size=c.ffn, num_hidden_layers=c.layers, num_attention_heads=c.heads,
        num_key_value_heads=c.kv_heads, head_dim=c.head_dim, vocab_size=c.vocabulary, rms_norm_eps=c.eps,
        max_position_embeddings=c.context, hidden_act=c.activation, tie_word_embeddings=c.tied, rope_parameters=rope,
        attn_implementation="eager", pad_token_id=None, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    model = getattr(transformers, family + "ForCausalLM")(config).eval()
    if c.ternary:
        for name in masters:
            stem = name.removesuffix(".weight")
            old = model.get_submodule(stem)
            new = AutoBitLinear(old.in_features, old.out_features, bias=False, online_quant=True)
            model.set_submodule(stem, new)
    state = {name: masters.get(name, value) for name, value in weights.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    if c.tied:
        model.tie_weights()
    if c.rope_factors is not None:
        model.model.rotary_emb.inv_freq /= c.rope_factors
    return model


def verify(name, c, weights, masters, tokens):
    """forward.py without rounding against transformers."""
    model = hugging_face(c, weights, masters)
    exact = {name: (x.abs().mean(), weights[name][1]) for name, x in masters.items()}
    weights = {**weights, **exact}  # transformers does not round the scales
    n = len(tokens)
    for kind, sees in [("causal", causal(0, n)), ("block-causal", block_causal(0, n, n, c.block))]:
        own = Sequence(c, weights, f16=False).run(tokens, 0, sees)
        mask = torch.zeros(n, n).masked_fill(~sees, float("-inf"))[None, None]
        if kind == "causal":
            mask = None
        with torch.no_grad():
            theirs = model(torch.tensor([tokens]), attention_mask=mask).logits[0]
        errors = (own - theirs).abs().amax(-1)
        error = errors.max().item()
        agree = (own.argmax(-1) == theirs.argmax(-1)).float().mean().item()
        bound = 1e-5 * max(1, theirs.abs().max().item())
        print(f"  {name} {kind}: logits to {theirs.abs().max():.2f}, off by {error:.1e}, best row {errors.min():.1e}, top-1 equal {agree:.3f}")
        if c.ternary:
            # An activation within 1e-7 of a rounding boundary gets another code now and then,
            # and the rows that see it follow. The ones before it must agree.
            assert errors.min() < bound and error < 0.5 and agree > 0.95, name
        else:
            assert error < bound, name


class Recorder:
    """Runs forwards on a sequence and writes down what a caller of the engine would ask for."""

    def __init__(self):
        self.cases, self.logits = [], []

    def case(self, name):
        self.cases.append({"name": name, "runs": []})

    def run(self, sequence, tokens, position, sees, *, visibility, scratch=False, rows=None):
        out = sequence.run(tokens, position, sees)
        rows = list(range(len(tokens))) if rows is None else rows
        self.cases[-1]["runs"].append(
            {"tokens": tokens, "position": position, "keyEnd": sees.shape[1], "visibility": visibility, "scratch": scratch, "rows": rows}
        )  # fmt: skip
        self.logits.append(out[rows])


def record(c, weights, generator):
    """The three kinds of attention, as a decoder would go through them."""
    mask = c.vocabulary - 1
    some = lambda n: torch.randint(0, mask, (n,), generator=generator).tolist()
    r = Recorder()
    start, B = 64, c.block  # every supported block length divides 64
    prompt = some(start + 5)  # five prompt tokens share the first block that is decoded
    answer = some(B - 5)
    noisy = lambda known: prompt[start:] + [t if i in known else mask for i, t in enumerate(answer)]
    block = block_causal(start, B, start + B, B)  # all true: the block sees the past and all of itself
    assert block.all()

    r.case("causal")
    r.run(Sequence(c, weights), prompt, 0, causal(0, len(prompt)), visibility="causal", rows=[*range(0, 60, 6), *range(60, 69)])

    def denoise(sequence, scratch):
        """Full pass; two DualCache steps on positions 8..15 over stale K/V; full pass; one more step."""
        go = lambda tokens, at, rows=None: r.run(
            sequence, tokens, at, torch.ones(len(tokens), start + B, dtype=torch.bool), visibility="block", scratch=scratch, rows=rows
        )  # fmt: skip
        go(noisy({0, 1, 2, 3}), start, [0, 4, 5, B - 1])
        go(noisy({0, 1, 2, 3, 5, 6})[8:16], start + 8)
        go(noisy({0, 1, 2, 3, 4, 5, 6, 7})[8:16], start + 8)
        if B > 16:
            known = set(range(12))
            go(noisy(known)[:B], start, [7, 15, 16, 17, B - 1])
            go(noisy(known | {13, 16})[16:24], start + 16)

    r.case("block-causal")
    sequence = Sequence(c, weights)
    r.run(sequence, prompt[:start], 0, block_causal(0, start, start, B), visibility="block", rows=[0, 15, 16, 31, 32, 47, 63])
    denoise(sequence, scratch=False)
    clean = prompt[start:] + answer
    r.run(sequence, clean, start, block, visibility="block", rows=[0, 7, B - 1])
    follow = some(3) + [mask] * (B - 3)
    if start + 2 * B <= c.context:
        r.run(sequence, follow, start + B, block_causal(start + B, B, start + 2 * B, B), visibility="block", rows=[0, 2, 3, B - 1])

    if B % 32 == 0:
        r.case("context-causal")
        committed = Sequence(c, weights)
        r.run(committed, prompt, 0, causal(0, len(prompt)), visibility="causal", rows=[len(prompt) - 1])
        draft = committed.fork()  # what denoising writes is thrown away
        denoise(draft, scratch=True)
        r.run(committed, answer, len(prompt), causal(len(prompt), len(answer)), visibility="causal", rows=[0, 8, len(answer) - 1])
    return r


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for seed, (name, c) in enumerate(MODELS.items()):
        generator = torch.Generator().manual_seed(1000 + seed)
        c.attention = ["block-causal", "context-causal"][seed % 2]
        weights, masters = make_weights(c, generator)
        verify(name, c, weights, masters, torch.randint(0, c.vocabulary, (75,), generator=generator).tolist())
        recorded = record(c, weights, generator)
        write_model(OUT / f"{name}.gguf", c, weights)
        (OUT / f"{name}.json").write_text(json.dumps({"cases": recorded.cases}) + "\n")
        torch.cat(recorded.logits).numpy().astype("<f4").tofile(OUT / f"{name}.bin")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
