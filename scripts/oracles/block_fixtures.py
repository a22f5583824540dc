"""Writes what ggml makes of some rows in its block types, for test/format and native/test to compare with.

    python scripts/oracles/block_fixtures.py LIBGGML_BASE test/fixtures/format/blocks.json

LIBGGML_BASE is libggml-base.so of any llama.cpp build for plain x86-64 (node-llama-cpp ships one):
its quantize_row_*_ref are the oracle. What gguf (PyPI) can quantise itself (Q8_0, Q4_0) is held
against it, and it dequantises all three.

Rows are base64 of f32, packed rows base64, dequantised rows the SHA-256 of their f32. Made with gguf 0.19.0 and numpy.
"""

import ctypes
import json
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

library = ctypes.CDLL(sys.argv[1])
rng = np.random.default_rng(6)
columns = 512
types = {
    Type.Q8_0: library.quantize_row_q8_0_ref,
    Type.Q6_K: library.quantize_row_q6_K_ref,
    Type.Q4_0: library.quantize_row_q4_0_ref,
}


def sparse(size):
    row = rng.standard_normal(size)
    row[rng.random(size) < 0.9] = 0
    return row


outlier = 0.01 * rng.standard_normal(columns)
outlier[77] = -30
uneven = rng.standard_normal(columns) * np.repeat(10.0 ** rng.integers(-7, 2, columns // 16), 16)
partly = rng.standard_normal(columns)
partly[:256] = 0
partly[300:340] = 1e-20
rows = {
    "normal": rng.standard_normal(columns),
    "as f16 holds them": (0.05 * rng.standard_normal(columns)).astype(np.float16),
    "few values, many ties": rng.integers(-8, 9, columns) / 4,
    "sparse": sparse(columns),
    "an outlier": outlier,
    "groups of very different size": uneven,
    "zeros and next to nothing": partly,
    "about the smallest scales of f16": 1e-6 * rng.standard_normal(columns),
    "negative": -np.abs(rng.standard_normal(columns)) - 1,
}


def packed(kind, row):
    blocks, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros(columns // blocks * size, dtype=np.uint8)
    types[kind](
        row.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(columns)
    )
    if kind != Type.Q6_K:  # gguf has no quantiser for it
        assert np.array_equal(gguf.quants.quantize(row[None], kind)[0], out), kind
    return out


def text(array):
    return b64encode(array.tobytes()).decode()


fixture = []
for name, row in rows.items():
    row = row.astype(np.float32)
    entry = {"name": name, "row": text(row), "packed": {}, "sha256": {}}
    for kind in types:
        out = packed(kind, row)
        entry["packed"][kind.name] = text(out)
        values = gguf.quants.dequantize(out[None], kind)[0].astype(np.float32)
        entry["sha256"][kind.name] = sha256(values.tobytes()).hexdigest()
    fixture.append(entry)
Path(sys.argv[2]).write_text(json.dumps(fixture, indent=1) + "\n")
