// `unmask synth`: a GGUF file in the shape of a known model with random ternary weights.
//
// It costs what the real model costs and says nothing: the file says so itself (`unmask.synthetic`),
// and so does every measurement of it. The tensors are those that the program of the shape
// asks for, so a synthetic file always loads.

import { bool, f32, type GgufValue, string, u32 } from "../format/gguf-values.js";
import { type TensorSource, writeGguf } from "../format/gguf-writer.js";
import { elementCount, fitsType, tensorBytes, tensorTypeTable } from "../format/tensor-types.js";
import type { TernaryType } from "../format/tensors/index.js";
import type { TensorType } from "../format/types.js";
import { traits } from "../model/architectures.js";
import { buildProgram } from "../model/program.js";
import type { Architecture, HyperParameters } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import { hyperParametersOf, type Preset, type PresetName, presets, type SynthType, synthTypes } from "./presets.js";
import { maskToken, vocabularyMetadata } from "./synthetic-vocabulary.js";
import { constantVector, halfMatrix, ternaryMatrix } from "./synthetic-weights.js";

export interface SynthOptions {
  preset: PresetName;
  /** Absent: the first of `synthTypes` whose blocks divide the rows. */
  type?: SynthType;
  /** Where the shape differs from the preset's. */
  shape?: Partial<Preset>;
  seed?: number;
}

export interface SynthReport {
  path: string;
  name: string;
  architecture: Architecture;
  type: SynthType;
  layers: number;
  parameters: number;
  tensorBytes: number;
}

/** `general.file_type`: llama.cpp's numbers, and bitnet.cpp's for I2_S. */
const fileType: Readonly<Record<SynthType, number>> = { f16: 1, tq2_0: 37, i2_s: 40, q2_0: 41 };

/** Standard deviation of a logit: some tokens stand out, none is certain. */
const logitDeviation = 4;

/**
 * Writes the file. Never holds more than one chunk of one tensor.
 * @throws UnmaskError type_does_not_fit, hyperparameter_invalid, file_write_failed
 */
export async function synthesise(
  path: string,
  options: SynthOptions,
  onProgress: (done: number, total: number, tensor: string) => void = () => {},
): Promise<SynthReport> {
  const shape = { ...presets[options.preset], ...options.shape };
  // llama.cpp knows no head of its own for the bitnet graphs.
  const tiedHead = shape.tiedHead || traits[shape.architecture].subNorms;
  const name = `${options.preset} of random weights`;
  const hp = hyperParametersOf(name, { ...shape, tiedHead }, maskToken(shape.vocabulary));
  const { roles } = buildProgram(hp, { contextLength: 1 });
  const linears = roles.filter(({ name, kind }) => kind === "matrix" && name.startsWith("blk."));
  const type = typeFor(linears, options.type);
  const seed = options.seed ?? 0;

  const tensors = roles.map(({ name, shape, kind }, i): TensorSource => {
    if (kind === "vector") {
      const value = name.endsWith(".bias") ? 0 : 1;
      return { name, type: "F32", shape, produce: () => constantVector(shape[0], value) };
    }
    if (!name.startsWith("blk.")) {
      const meanSquare = logitDeviation ** 2 / hp.hidden;
      return { name, type: "F16", shape, produce: () => halfMatrix(shape, meanSquare, seed, i) };
    }
    const stored = storedType(type);
    return { name, type: stored, shape, produce: () => ternaryMatrix(stored, shape, seed, i) };
  });
  const metadata = new Map([...modelMetadata(hp, type, seed), ...vocabularyMetadata(hp.vocabulary, shape.pre)]);
  await writeGguf(path, { metadata, tensors }, onProgress);
  return {
    path,
    name,
    architecture: hp.architecture,
    type,
    layers: hp.layers,
    parameters: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    tensorBytes: tensors.reduce((sum, { type, shape }) => sum + tensorBytes(type, shape), 0),
  };
}

function storedType(type: SynthType): TernaryType | "F16" {
  return type.toUpperCase() as TernaryType | "F16";
}

function typeFor(linears: readonly { name: string; shape: number[] }[], asked?: SynthType): SynthType {
  const misfit = (type: TensorType) => linears.find(({ shape }) => !fitsType(type, shape[0]));
  const fitting = synthTypes.find((type) => misfit(storedType(type)) === undefined)!;
  const bad = asked === undefined ? undefined : misfit(storedType(asked));
  if (bad === undefined) return asked ?? fitting;
  const { blockElements } = tensorTypeTable[storedType(asked!)];
  throw new UnmaskError(
    "type_does_not_fit",
    `${bad.name} has rows of ${bad.shape[0]} weights, and ${asked} stores blocks of ${blockElements}. Use --type ${fitting}.`,
    { param: "type" },
  );
}

function modelMetadata(hp: HyperParameters, type: SynthType, seed: number): [string, GgufValue][] {
  const own = (key: string) => `${hp.architecture}.${key}`;
  return [
    ["general.architecture", string(hp.architecture)],
    ["general.type", string("model")],
    ["general.name", string(hp.name)],
    ["general.file_type", u32(fileType[type])],
    ["general.quantization_version", u32(2)],
    [own("vocab_size"), u32(hp.vocabulary)],
    [own("context_length"), u32(hp.contextLength)],
    [own("embedding_length"), u32(hp.hidden)],
    [own("block_count"), u32(hp.layers)],
    [own("feed_forward_length"), u32(hp.ffn)],
    [own("attention.head_count"), u32(hp.heads)],
    [own("attention.head_count_kv"), u32(hp.kvHeads)],
    [own("attention.layer_norm_rms_epsilon"), f32(hp.normEps)],
    [own("rope.dimension_count"), u32(hp.ropeDim)],
    [own("rope.freq_base"), f32(hp.ropeBase)],
    ["diffusion.block_length", u32(hp.diffusion.blockLength)],
    ["diffusion.attention", string(hp.diffusion.attention)],
    ["diffusion.shift_logits", bool(hp.diffusion.shift)],
    ["unmask.synthetic", bool(true)],
    ["unmask.synthetic_seed", u32(seed)],
  ];
}
