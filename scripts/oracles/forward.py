"""The forward pass of the supported models in plain PyTorch, from the papers, one sequence at a time.

Written apart from the TypeScript: rows see keys by a boolean matrix, K/V lie in one tensor by
absolute position. `Sequence.run` is all there is: it writes the K/V of the given rows over what
was there and returns their logits. Which rows run when, and what they see, is the caller's
business (model_fixtures.py), as in the Fast-dLLM v2 paper (arXiv 2509.26328).

Weights are a dict in Hugging Face names, rotary embedding is half-split (the Hugging Face way).
"""

from dataclasses import dataclass, field

import torch


@dataclass
class Config:
    architecture: str
    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int = 128
    block: int = 32
    eps: float = 1e-5
    rope_base: float = 10000.0
    rope_linear: float = 1.0
    rope_factors: torch.Tensor | None = None  # [head_dim / 2]
    activation: str = "silu"
    sub_norms: bool = False
    bias: bool = False
    tied: bool = True
    ternary: bool = False  # linear weights are (alpha, integer matrix), activations int8
    weight_type: str = "F32"
    extra: dict = field(default_factory=dict)


def quantise_activations(x):
    """[rows, K] f32 -> int8 values [rows, K] as f32, and scales [rows, 1] (arXiv 2402.17764)."""
    largest = x.abs().amax(-1, keepdim=True).clamp(min=1e-5)
    scale = torch.full_like(largest, 127) / largest  # `127 / largest` would be 127 * (1 / largest), another number
    return (x * scale).round().clamp(-128, 127), scale


def linear(x, weight, bias=None):
    if isinstance(weight, tuple):
        alpha, t = weight
        q, scale = quantise_activations(x)
        accumulators = (q.double() @ t.double().T).float()  # exact: integers below 2^24
        y = accumulators * (alpha / scale)
    else:
        y = x @ weight.T
    return y if bias is None else y + bias


def rms_norm(x, weight, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight


def rotate(x, positions, c):
    """[rows, heads, head_dim]; dimension i turns with i + head_dim / 2."""
    i = torch.arange(c.head_dim // 2, dtype=torch.float64)
    frequency = c.rope_base ** (-2 * i / c.head_dim) / c.rope_linear
    if c.rope_factors is not None:
        frequency = frequency / c.rope_factors.double()
    angle = positions.double()[:, None, None] * frequency
    cos, sin = angle.cos().float(), angle.sin().float()
    a, b = x[..., : c.head_dim // 2], x[..., c.head_dim // 2 :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Sequence:
    """K/V of one sequence by absolute position."""

    def __init__(self, config, weights, f16=True):
        self.c, self.w, self.f16 = config, weights, f16
        shape = (config.layers, config.context, config.kv_heads, config.head_dim)
        self.k, self.v = torch.zeros(shape), torch.zeros(shape)

    def fork(self):
        other = Sequence(self.c, self.w, self.f16)
        other.k, other.v = self.k.clone(), self.v.clone()
        return other

    def run(self, tokens, position, sees):
        """
        tokens: [rows]; position: of the first row;
        sees: [rows, keys] of bool, keys by absolute position from 0.
        Returns logits [rows, vocabulary].
        """
        c, w = self.c, self.w
        rows, keys = sees.shape
        at = torch.arange(position, position + rows)
        x = w["model.embed_tokens.weight"][torch.tensor(tokens)]
        for layer in range(c.layers):
            p = f"model.layers.{layer}."
            h = rms_norm(x, w[p + "input_layernorm.weight"], c.eps)
            project = lambda name: linear(h, w[p + f"self_attn.{name}_proj.weight"], w.get(p + f"self_attn.{name}_proj.bias"))
            q = rotate(project("q").view(rows, c.heads, c.head_dim), at, c)
            k = rotate(project("k").view(rows, c.kv_heads, c.head_dim), at, c)
            v = project("v").view(rows, c.kv_heads, c.head_dim)
            if self.f16:  # the engine keeps K/V in half precision
                k, v = k.half().float(), v.half().float()
            self.k[layer, at], self.v[layer, at] = k, v
            group = c.heads // c.kv_heads
            k_all = self.k[layer, :keys].repeat_interleave(group, 1)  # [keys, heads, head_dim]
            v_all = self.v[layer, :keys].repeat_interleave(group, 1)
            scores = torch.einsum("rhd,khd->hrk", q, k_all) * c.head_dim**-0.5
            scores = scores.masked_fill(~sees, float("-inf"))
            a = torch.einsum("hrk,khd->rhd", scores.softmax(-1), v_all).reshape(rows, -1)
            if c.sub_norms:
                a = rms_norm(a, w[p + "self_attn.attn_sub_norm.weight"], c.eps)
            x = x + linear(a, w[p + "self_attn.o_proj.weight"])

            h = rms_norm(x, w[p + "post_attention_layernorm.weight"], c.eps)
            g = linear(h, w[p + "mlp.gate_proj.weight"])
            g = torch.nn.functional.silu(g) if c.activation == "silu" else torch.relu(g) ** 2
            u = g * linear(h, w[p + "mlp.up_proj.weight"])
            if c.sub_norms:
                u = rms_norm(u, w[p + "mlp.ffn_sub_norm.weight"], c.eps)
            x = x + linear(u, w[p + "mlp.down_proj.weight"])
        head = w["model.embed_tokens.weight"] if c.tied else w["lm_head.weight"]
        return rms_norm(x, w["model.norm.weight"], c.eps) @ head.T


def causal(position, rows):
    q = torch.arange(position, position + rows)[:, None]
    return torch.arange(position + rows)[None] <= q


def block_causal(position, rows, keys, block):
    """floor(q / block) >= floor(k / block), on absolute positions."""
    q = torch.arange(position, position + rows)[:, None]
    return q // block >= torch.arange(keys)[None] // block
