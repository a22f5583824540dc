"""The oracle of the ternary product: activation codes, integer sums and outputs, by PyTorch.

    oracle/bin/python scripts/oracles/ternary_linear.py

Writes test/fixtures/oracles/ternary-linear.json: x [n, K] f32, codes [n, K] int8, t [rows] of digits t + 1,
sums [n, rows] exact integers, y [n, rows] f32 for the scale alpha. Typed arrays are base64, little endian.
"""

import base64
import json
import pathlib

import torch

from forward import linear, quantise_activations

OUT = pathlib.Path(__file__).parents[2] / "test/fixtures/oracles/ternary-linear.json"
K, ROWS = 512, 20

generator = torch.Generator().manual_seed(7)
normal = torch.randn(5, K, generator=generator)
outlier = normal[0].clone()
outlier[33] = -40.0
ties = (torch.randint(-126, 126, (K,), generator=generator) + 0.5).float()
ties[100] = 127.0  # the scale is exactly 1, so every other code is a tie
x = torch.stack([
    *normal,
    normal[1] * 1e4,
    outlier,
    torch.zeros(K),
    torch.full((K,), 3.0),  # all codes 127: sums beyond int16
    normal[2] * 1e-7,  # below the floor of 1e-5: mostly code 1 at the largest
    ties,
])  # fmt: skip
t = torch.randint(-1, 2, (ROWS, K), generator=generator).float()
t[0], t[1], t[2] = 1, -1, 0
alpha = torch.tensor(0.0712890625)  # an f16 number, so that every type stores it

codes, scale = quantise_activations(x)
sums = codes.double() @ t.double().T
pack = lambda a, kind: base64.b64encode(a.numpy().astype(kind).tobytes()).decode()
OUT.write_text(
    json.dumps({
        "columns": K,
        "alpha": alpha.item(),
        "x": pack(x, "<f4"),
        "codes": pack(codes, "i1"),
        "t": ["".join(str(int(v) + 1) for v in row) for row in t],
        "sums": pack(sums, "<i4"),
        "y": pack(linear(x, (alpha, t)), "<f4"),
    }) + "\n"
)  # fmt: skip
