"""Writes a Config and its weights (forward.py) as a GGUF file, with the gguf package.

I2_S and Q2_0 are not in that package; they are packed here, code by code, as their formats say.
"""

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.gguf_writer import TensorInfo
from gguf.quants import quantize

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.attn_sub_norm": "attn_sub_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "mlp.ffn_sub_norm": "ffn_sub_norm",
}


def gguf_name(name):
    stem, kind = name.rsplit(".", 1)
    if stem.startswith("model.layers."):
        _, _, layer, rest = stem.split(".", 3)
        return f"blk.{layer}.{NAMES[rest]}.{kind}"
    return f"{NAMES[stem]}.{kind}"


def permute(matrix, heads):
    """Rows of a q or k projection from half-split to adjacent pairs, as llama.cpp's converter does."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def pack_i2_s(alpha, t):
    codes = (t + 1).astype(np.uint8).reshape(-1, 4, 32)  # groups of 128, the first 32 in the top bits
    packed = codes[:, 0] << 6 | codes[:, 1] << 4 | codes[:, 2] << 2 | codes[:, 3]
    trailer = np.frombuffer(np.float32(alpha).tobytes() + bytes(28), np.uint8)
    return np.concatenate([packed.ravel(), trailer])


def pack_q2_0(alpha, t):
    codes = (t + 1).astype(np.uint8).reshape(-1, 16, 4)  # blocks of 64, in order, low bits first
    packed = codes[..., 0] | codes[..., 1] << 2 | codes[..., 2] << 4 | codes[..., 3] << 6
    scale = np.broadcast_to(np.frombuffer(np.float16(alpha).tobytes(), np.uint8), (len(codes), 2))
    return np.concatenate([scale, packed], 1).ravel()


HOME_PACKED = {"I2_S": (36, pack_i2_s), "Q2_0": (42, pack_q2_0)}


def add_matrix(writer, name, values, kind):
    """values: f32 matrix, or (alpha, integer matrix)."""
    if kind in HOME_PACKED:
        type_id, pack = HOME_PACKED[kind]
        data = pack(*values)
        writer.tensors[-1][name] = TensorInfo(values[1].shape, type_id, data.nbytes, data)
        return
    if isinstance(values, tuple):
        values = (values[0] * values[1]).astype(np.float32)
    if kind == "F32":
        writer.add_tensor(name, values)
    else:
        dtype = GGMLQuantizationType[kind]
        writer.add_tensor(name, quantize(values, dtype), raw_dtype=dtype)


def write_model(path, c, weights):
    writer = GGUFWriter(path, c.architecture)
    writer.add_name(path.stem)
    writer.add_block_count(c.layers)
    writer.add_context_length(c.context)
    writer.add_embedding_length(c.hidden)
    writer.add_feed_forward_length(c.ffn)
    writer.add_head_count(c.heads)
    writer.add_head_count_kv(c.kv_heads)
    if c.head_dim * c.heads != c.hidden:
        writer.add_key_length(c.head_dim)
        writer.add_value_length(c.head_dim)
    writer.add_layer_norm_rms_eps(c.eps)
    writer.add_rope_freq_base(c.rope_base)
    writer.add_rope_dimension_count(c.head_dim)
    writer.add_vocab_size(c.vocabulary)
    if c.rope_linear != 1:
        writer.add_string(f"{c.architecture}.rope.scaling.type", "linear")
        writer.add_float32(f"{c.architecture}.rope.scaling.factor", c.rope_linear)
    writer.add_mask_token_id(c.vocabulary - 1)
    writer.add_string("diffusion.attention", c.attention)
    writer.add_uint32("diffusion.block_length", c.block)
    writer.add_bool("diffusion.shift_logits", True)

    if c.rope_factors is not None:
        writer.add_tensor("rope_freqs.weight", c.rope_factors.numpy())
    for name, values in weights.items():
        values = tuple(np.asarray(v) for v in values) if isinstance(values, tuple) else values.numpy()
        if c.architecture == "llama" and "self_attn" in name:
            heads = {"q_proj": c.heads, "k_proj": c.kv_heads}.get(name.split(".")[-2])
            if heads:
                values = (values[0], permute(values[1], heads)) if isinstance(values, tuple) else permute(values, heads)
        if isinstance(values, np.ndarray) and values.ndim == 1:
            writer.add_tensor(gguf_name(name), values)
        else:
            ordinary = "F16" if c.ternary else c.weight_type
            add_matrix(writer, gguf_name(name), values, c.weight_type if isinstance(values, tuple) else ordinary)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
