// What a GGUF file holds and what the engine would do with it, without loading it.
//
// Everything the engine would refuse is listed as a problem instead of thrown, all of it at
// once; only a file that cannot be read as GGUF throws.

import { headInMemory, storedHead } from "../backend/head.js";
import type { Program } from "../backend/program.js";
import { type HeadType, pageBytes, pageSize } from "../backend/types.js";
import type { DecodeMode } from "../decode/types.js";
import { contextFor, defaultSequences, poolPages } from "../engine/memory.js";
import { modesOf } from "../engine/options.js";
import { openGguf } from "../format/gguf.js";
import { elementCount } from "../format/tensor-types.js";
import { isTernary } from "../format/tensors/index.js";
import type { MetadataValue, ModelFile, TensorInfo, TensorType } from "../format/types.js";
import { readHyperParameters } from "../model/hyperparameters.js";
import { buildProgram, checkWeights } from "../model/program.js";
import type { DiffusionFacts, HyperParameters } from "../model/types.js";
import { chatTemplateFor } from "../text/template.js";
import { Tokenizer } from "../text/tokenizer.js";
import { UnmaskError } from "../util/errors.js";
import { zeroShareWarning } from "./ternary-policy.js";
import { type StoredTernary, ternaryStatistics } from "./ternary-statistics.js";

export interface Inspection {
  path: string;
  bytes: number;
  metadata: Record<string, MetadataSummary>;
  tensors: { name: string; type: TensorType; shape: number[]; bytes: number; ternary: StoredTernary | null }[];
  parameters: number;
  /** Sums per tensor type. */
  types: { type: TensorType; tensors: number; weights: number; bytes: number }[];
  /** A ternary type was forced on a checkpoint that was not trained for it. */
  forcedTernary: boolean;
  /** Null when metadata or tokenizer are not usable; `problems` says why. */
  engine: EngineView | null;
  memory: MemoryPrediction | null;
  /** What keeps the engine from loading the file. */
  problems: string[];
  warnings: string[];
}

/** A value as it is, but of a long array only its length and beginning; 64-bit integers as text. */
export type MetadataSummary =
  | string
  | number
  | boolean
  | MetadataSummary[]
  | { length: number; first: MetadataSummary[] };

export interface EngineView {
  architecture: string;
  layers: number;
  hidden: number;
  ffn: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
  contextLength: number;
  tiedHead: boolean;
  /** Type of the head's matrix, in use and as stored. Null when it does not fit; `problems` says why. */
  head: { type: TensorType; stored: TensorType } | null;
  attention: string;
  /** The rest of the diffusion facts; null for a causal model. */
  diffusion: { blockLength: number; shift: boolean; maskToken: number | null } | null;
  decodeModes: DecodeMode[];
  defaultMode: DecodeMode;
  tokenizer: { pre: string; tokens: number; addBos: boolean; stops: number[]; chatTemplate: boolean };
}

/** What loading with default options (and the head that was asked for) would take. Sizes in bytes. */
export interface MemoryPrediction {
  /** The file's tensors, mapped or repacked at about the same size, and a requantised head. */
  weights: number;
  /** Positions of context that are set up. */
  contextLength: number;
  /** K/V of one position. */
  kvPerToken: number;
  /** The K/V pool. */
  kvPool: number;
  /** Weights and pool. */
  total: number;
}

/**
 * @param head what the engine would requantise the head to
 * @throws UnmaskError of openGguf: the file is missing, damaged or of an unsupported kind
 */
export async function inspect(path: string, { head }: { head?: HeadType } = {}): Promise<Inspection> {
  const file = await openGguf(path);
  try {
    const tensors = [];
    for (const { name, type, shape, bytes, ...rest } of file.tensors.values()) {
      const ternary = isTernary(type) ? await ternaryStatistics(file, { name, type, shape, bytes, ...rest }) : null;
      tensors.push({ name, type, shape, bytes, ternary });
    }
    const forcedTernary = file.metadata.get("unmask.forced_ternary") === true;
    const warnings = tensors.flatMap(({ name, ternary }) => (ternary === null ? [] : tensorWarnings(name, ternary)));
    if (forcedTernary) {
      warnings.unshift(
        "A ternary type was forced on a checkpoint that was not trained for it (--force-ternary). Expect garbage.",
      );
    }
    return {
      path,
      bytes: file.size,
      metadata: Object.fromEntries([...file.metadata].map(([key, value]) => [key, summarise(value)])),
      tensors,
      parameters: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
      types: sumByType(file.tensors),
      forcedTernary,
      ...judge(file, head, warnings),
    };
  } finally {
    await file.close();
  }
}

const longArray = 16;

function summarise(value: MetadataValue): MetadataSummary {
  if (typeof value === "bigint") return value.toString();
  if (!Array.isArray(value)) return value;
  if (value.length <= longArray) return value.map(summarise);
  return { length: value.length, first: value.slice(0, 8).map(summarise) };
}

function sumByType(tensors: ReadonlyMap<string, TensorInfo>): Inspection["types"] {
  const sums = new Map<TensorType, Inspection["types"][number]>();
  for (const { type, shape, bytes } of tensors.values()) {
    const sum = sums.get(type) ?? { type, tensors: 0, weights: 0, bytes: 0 };
    sum.tensors++;
    sum.weights += elementCount(shape);
    sum.bytes += bytes;
    sums.set(type, sum);
  }
  return [...sums.values()].sort((a, b) => b.bytes - a.bytes);
}

function tensorWarnings(name: string, { zeroShare, scales, invalidCodes }: StoredTernary): string[] {
  const out: string[] = [];
  const zeros = zeroShareWarning(name, zeroShare);
  if (zeros !== null) out.push(zeros);
  if (invalidCodes > 0)
    out.push(`${name}: ${invalidCodes} sampled weights have code 3, which ternary training never gives.`);
  if (!Number.isFinite(scales.most)) out.push(`${name}: a scale is not finite; the file is damaged.`);
  return out;
}

/** Tries what loading does, step by step, and notes what fails. */
function judge(
  file: ModelFile,
  headType: HeadType | undefined,
  warnings: string[],
): Pick<Inspection, "engine" | "memory" | "problems" | "warnings"> {
  const problems: string[] = [];
  const attempt = <T>(action: () => T): T | null => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof UnmaskError)) throw error;
      problems.push(error.message);
      return null;
    }
  };
  const hp = attempt(() => readHyperParameters(file.metadata, file.tensors));
  const tokenizer = attempt(() => Tokenizer.fromMetadata(file.metadata, (_, message) => warnings.push(message)));
  const built = hp === null ? null : attempt(() => buildProgram(hp, { contextLength: 1 }));
  if (built !== null) attempt(() => checkWeights(built.roles, file.tensors));
  if (hp === null || built === null) return { engine: null, memory: null, problems, warnings };

  const facts: DiffusionFacts = { ...hp.diffusion, maskToken: hp.diffusion.maskToken ?? tokenizer?.maskId ?? null };
  if (facts.attention !== "causal" && facts.maskToken === null) {
    warnings.push(
      "The file is a diffusion model without a mask token: only autoregressive decoding works. Give --mask-token-id.",
    );
  }
  const stored = storedHead(built.program, file.tensors) ?? null;
  const head = stored === null ? null : attempt(() => ({ stored, used: headInMemory(stored, headType) }));
  const memory = attempt(() => predictMemory(file, built.program, hp, facts, head));
  if (tokenizer === null) return { engine: null, memory, problems, warnings };
  const engine = {
    ...describe(hp, facts, tokenizer, attemptTemplate(tokenizer, warnings), file),
    head: head === null ? null : { type: head.used.type, stored: head.stored.type },
  };
  return { engine, memory, problems, warnings };
}

/** Whether the model can hold a conversation; why not is a warning, since it can still complete text. */
function attemptTemplate(tokenizer: Tokenizer, warnings: string[]): boolean {
  try {
    chatTemplateFor(tokenizer, (_, message) => warnings.push(message));
    return true;
  } catch (error) {
    if (!(error instanceof UnmaskError)) throw error;
    warnings.push(error.message);
    return false;
  }
}

function describe(
  hp: HyperParameters,
  facts: DiffusionFacts,
  tokenizer: Tokenizer,
  chatTemplate: boolean,
  file: ModelFile,
): Omit<EngineView, "head"> {
  const { architecture, layers, hidden, ffn, heads, kvHeads, headDim, vocabulary, contextLength, tiedHead } = hp;
  const { attention, ...diffusion } = facts;
  const decodeModes = modesOf(facts);
  return {
    architecture,
    layers,
    hidden,
    ffn,
    heads,
    kvHeads,
    headDim,
    vocabulary,
    contextLength,
    tiedHead,
    attention,
    diffusion: attention === "causal" ? null : diffusion,
    decodeModes,
    defaultMode: decodeModes[0],
    tokenizer: {
      pre: String(file.metadata.get("tokenizer.ggml.pre") ?? "not named"),
      tokens: tokenizer.vocabularySize,
      addBos: tokenizer.addBos,
      stops: [...tokenizer.stopIds],
      chatTemplate,
    },
  };
}

function predictMemory(
  file: ModelFile,
  program: Program,
  hp: HyperParameters,
  facts: DiffusionFacts,
  head: { stored: TensorInfo; used: TensorInfo } | null,
): MemoryPrediction {
  let weights = [...file.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  if (head !== null && head.used !== head.stored) {
    // A head of its own gives way; an embedding that is the head stays, to be looked up.
    weights += head.used.bytes - (hp.tiedHead ? 0 : head.stored.bytes);
  }
  const contextLength = contextFor(hp, facts, {}, () => {});
  const page = pageBytes(program);
  const kvPool = page * poolPages(program, facts, contextLength, defaultSequences, undefined);
  return { weights, contextLength, kvPerToken: page / pageSize, kvPool, total: weights + kvPool };
}
