"""Writes small files with the reference libraries, for test/format to read.

    python scripts/oracles/format_fixtures.py test/fixtures/format

reference.gguf         by gguf (PyPI): every metadata type, nested arrays, F32 F16 BF16 Q8_0 TQ1_0 TQ2_0
reference.safetensors  by safetensors (PyPI): every dtype the project reads
expected.json          what both hold, tensors as dequantised by gguf and as made by torch

Made with gguf 0.19.0, safetensors, torch and numpy.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf import GGUFValueType as Value
from safetensors.torch import save_file

out = Path(sys.argv[1])
rng = np.random.default_rng(2024)

metadata = {
    "test.u8": (200, Value.UINT8),
    "test.i8": (-100, Value.INT8),
    "test.u16": (60000, Value.UINT16),
    "test.i16": (-30000, Value.INT16),
    "test.u32": (4000000000, Value.UINT32),
    "test.i32": (-2000000000, Value.INT32),
    "test.f32": (0.25, Value.FLOAT32),
    "test.u64": (2**63 + 1, Value.UINT64),
    "test.i64": (-(2**40), Value.INT64),
    "test.f64": (0.1, Value.FLOAT64),
    "test.true": (True, Value.BOOL),
    "test.false": (False, Value.BOOL),
    "test.string": ("grüße, 世界 🙂", Value.STRING),
    "test.strings": (["a", "", "Ġb"], Value.ARRAY),
    "test.numbers": ([1, -2, 3], Value.ARRAY),
    "test.floats": ([0.5, -1.5], Value.ARRAY),
    "test.bools": ([True, False, True], Value.ARRAY),
    "test.nested": ([[1, 2], [3]], Value.ARRAY),
}

writer = gguf.GGUFWriter(out / "reference.gguf", "llama")
for key, (value, kind) in metadata.items():
    writer.add_key_value(key, value, kind)

ternary = rng.integers(-1, 2, size=(3, 512)).astype(np.float32) * np.float32(0.75)
ternary[1, 256:] = 0  # a block of zeros: its stored scale is 0
values = (rng.standard_normal((2, 64)) * 3).astype(np.float32)
sources = {
    "a.f32": (values, Type.F32),
    "b.f16": (values, Type.F16),
    "c.bf16": (values, Type.BF16),
    "d.q8_0": (values, Type.Q8_0),
    "e.tq1_0": (ternary, Type.TQ1_0),
    "f.tq2_0": (ternary, Type.TQ2_0),
    "g.vector": (np.arange(5, dtype=np.float32), Type.F32),  # 20 bytes: the padding after it counts
}
tensors = {}
for name, (array, kind) in sources.items():
    data = gguf.quants.quantize(array, kind)
    writer.add_tensor(name, data, raw_dtype=kind)
    tensors[name] = {
        "type": kind.name,
        "shape": list(reversed(array.shape)),
        "source": array.flatten().tolist(),
        "values": gguf.quants.dequantize(data, kind).flatten().tolist(),
    }
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

samples = {
    "U8": torch.tensor([[0, 1, 255], [7, 8, 9]], dtype=torch.uint8),
    "I8": torch.tensor([-128, 0, 127], dtype=torch.int8),
    "BOOL": torch.tensor([True, False]),
    "I32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
    "I64": torch.tensor([2**40, -1], dtype=torch.int64),
    "BF16": torch.tensor([1.5, -0.1, 3e38], dtype=torch.bfloat16),
    "F16": torch.tensor([1.5, -0.1, 6e-8], dtype=torch.float16),
    "F32": torch.tensor([[1.5, -0.1], [3e-45, 3e38]], dtype=torch.float32),
    "scalar": torch.tensor(2.5, dtype=torch.float32),
    "empty": torch.zeros((0, 4), dtype=torch.float32),
}
save_file(samples, out / "reference.safetensors", metadata={"format": "pt"})

expected = {
    "metadata": {key: str(value) if kind == Value.UINT64 else value for key, (value, kind) in metadata.items()},
    "tensors": tensors,
    "safetensors": {name: {"shape": list(t.shape), "values": t.flatten().tolist()} for name, t in samples.items()},
}
(out / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")
