// A small ternary model for the native backend's tests, and what it answers.

import type { Backend, Span } from "../../src/backend/types.js";
import { pageSize, visibilities } from "../../src/backend/types.js";
import type { ModelFile, TensorType } from "../../src/format/types.js";
import { buildProgram } from "../../src/model/program.js";
import type { HyperParameters } from "../../src/model/types.js";
import { ask } from "../backend/backends.js";
import { fileOf, Random, type Tensor } from "../backend/weights.js";

export const hp: HyperParameters = {
  architecture: "bitnet-b1.58",
  name: "small",
  layers: 2,
  hidden: 256,
  ffn: 512,
  heads: 4,
  kvHeads: 2,
  headDim: 64,
  vocabulary: 1201, // three chunks of the head, the last one ragged
  contextLength: 256,
  normEps: 1e-5,
  ropeBase: 10_000,
  ropeDim: 64,
  ropeScale: 1,
  activation: "relu2",
  subNorms: true,
  qkvBias: false,
  tiedHead: true,
  diffusion: { attention: "block-causal", blockLength: 32, shift: true, maskToken: 0 },
};

export const { program, roles } = buildProgram(hp);
export const pagesEach = hp.contextLength / pageSize;

/** The same weights whatever the type of the ternary ones. */
export function smallModel(type: TensorType & ("I2_S" | "TQ1_0" | "TQ2_0" | "Q2_0")): Promise<ModelFile> {
  const random = new Random(77);
  const tensors = roles.map(({ name, shape, kind }): Tensor => {
    const [columns, rows] = shape;
    if (kind === "vector") return { name, shape, type: "F32", values: random.normals(columns, 0.2, 1) };
    if (name.startsWith("blk")) return { name, shape, type, codes: random.codes(columns * rows), scale: 0.0625 };
    return { name, shape, type: "F16", values: random.normals(columns * rows, 0.05) };
  });
  return fileOf(tensors);
}

/** Sixteen sequences at different points of their lives: prefill, denoising, single rows. */
export function mixedSpans(): Span[] {
  const random = new Random(78);
  return Array.from({ length: 16 }, (_, i) => {
    const rows = [1, 32, 8, 17][i % 4];
    const position = i % 2 === 0 ? 0 : 32;
    const tokens = Array.from({ length: rows }, () => random.integer(0, hp.vocabulary - 1));
    return {
      tokens,
      position,
      visibility: visibilities[i % 3],
      keyEnd: position + rows,
      pages: Array.from({ length: pagesEach }, (_, page) => i * pagesEach + page),
      head:
        i % 5 === 0
          ? null
          : ask(i % 2 === 0 ? [rows - 1] : [...tokens.keys()], {
              temperature: [0, 0.7, 1.2][i % 3],
              topP: i % 4 === 1 ? 0.9 : 1,
              topK: i % 7 === 1 ? 12 : 0,
              suppress: i,
              seed: 1000 + i,
              top: i % 3,
            }),
    };
  });
}

export const options = { pages: 16 * pagesEach, maxRows: 256 };

/** Every bit of what the spans are answered, in forwards of `perForward` spans. */
export async function bitsOf(backend: Backend, spans: Span[], perForward: number): Promise<string[]> {
  // Keys before position 32 exist in every sequence.
  for (const { pages } of spans) {
    const tokens = Array.from({ length: 32 }, (_, i) => (i * 13 + pages[0]) % hp.vocabulary);
    await backend.forward([{ tokens, position: 0, visibility: "causal", keyEnd: 32, pages, head: null }]);
  }
  const bits: string[] = [];
  for (let i = 0; i < spans.length; i += perForward) {
    for (const answer of await backend.forward(spans.slice(i, i + perForward))) {
      bits.push(answer === null ? "" : Object.values(answer).map(hex).join(" "));
    }
  }
  return bits;
}

function hex(values: Int32Array | Float32Array | null): string {
  return values === null ? "" : Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");
}
