// Loading: from the path of a GGUF file to a model that answers.
//
// Each layer reads its own part of the file (hyper-parameters, tokenizer, weights) and complains
// about it; here they are put together.

import { createHash } from "node:crypto";
import { basename } from "node:path";
import { headInMemory, storedHead } from "../backend/head.js";
import { createNative, nativeAvailable } from "../backend/native.js";
import type { Program } from "../backend/program.js";
import { createReference } from "../backend/reference.js";
import { type Backend, type BackendOptions, pageSize } from "../backend/types.js";
import { openGguf } from "../format/gguf.js";
import type { ModelFile } from "../format/types.js";
import { readHyperParameters } from "../model/hyperparameters.js";
import { buildProgram, checkWeights, readRopeFreqs } from "../model/program.js";
import type { DiffusionFacts, HyperParameters } from "../model/types.js";
import { chatTemplateFor } from "../text/template.js";
import { Tokenizer } from "../text/tokenizer.js";
import { UnmaskError } from "../util/errors.js";
import { contextFor, defaultSequences, poolPages } from "./memory.js";
import { EngineModel, type EngineParts } from "./model.js";
import { checkBlockSize, checkHead, modeFor, modesOf } from "./options.js";
import type { LoadOptions, Model, ModelInfo } from "./types.js";

/**
 * Loads a model.
 * @param path a GGUF file, such as `unmask convert` writes.
 * @throws UnmaskError: the file cannot be read, is damaged, or asks for what the engine does not have.
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<Model> {
  return new EngineModel(await loadParts(path, options));
}

/** What loadModel puts together, for measurements that look beneath the model. The caller disposes of backend and file. */
export async function loadParts(path: string, options: LoadOptions = {}): Promise<EngineParts & { file: ModelFile }> {
  const log = options.log ?? (() => {});
  checkHead(options.head);
  const file = await openGguf(path);
  try {
    const hp = readHyperParameters(file.metadata, file.tensors);
    const tokenizer = Tokenizer.fromMetadata(file.metadata, log);
    const facts = diffusionFacts(hp, tokenizer.maskId, options);
    const contextLength = contextFor(hp, facts, options, log);
    const { program, roles } = buildProgram(hp, { contextLength, ropeFreqs: await readRopeFreqs(file, hp) });
    checkWeights(roles, file.tensors);
    const stored = storedHead(program, file.tensors)!;
    const head = headInMemory(stored, options.head);
    if (head !== stored) log("info", `requantising the head from ${stored.type} to ${head.type}`);
    if (tokenizer.vocabularySize > hp.vocabulary) {
      throw new UnmaskError(
        "vocabulary_mismatch",
        `The tokenizer has ${tokenizer.vocabularySize} tokens and the embedding ${hp.vocabulary} rows. ` +
          "Convert the model again from a checkpoint whose tokenizer belongs to it.",
      );
    }
    const maxSequences = options.maxSequences ?? defaultSequences;
    // The widest span is a window as long as a block, behind a full one and its first token.
    const maxRows = Math.max(options.maxRows ?? 256, 2 * Math.max(pageSize, facts.blockLength) + 1);
    const pages = poolPages(program, facts, contextLength, maxSequences, options.kvMemory);
    const backend = await createBackend(program, file, { ...options, pages, maxRows }, log);
    const info: ModelInfo = {
      ...describe(file, hp, facts, backend, { contextLength, pages, maxSequences, defaults: options.defaults }),
      head: { type: head.type, stored: stored.type },
      weights: await digest(file),
    };
    return {
      info,
      facts,
      program,
      backend,
      file,
      tokenizer,
      template: once(() => chatTemplateFor(tokenizer, log)),
      prefixCache: options.prefixCache ?? true,
      maxRows,
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The file's facts with the caller's overrides; a mask token may also come from the tokenizer. */
function diffusionFacts(hp: HyperParameters, tokenizerMask: number | null, options: LoadOptions): DiffusionFacts {
  const causal = hp.diffusion.attention === "causal";
  checkBlockSize(options.blockSize, { blockLength: causal ? null : hp.diffusion.blockLength });
  const maskToken = options.maskToken ?? hp.diffusion.maskToken ?? tokenizerMask;
  if (maskToken !== null && !(Number.isInteger(maskToken) && maskToken >= 0 && maskToken < hp.vocabulary)) {
    throw new UnmaskError(
      "invalid_request",
      `The mask token ${maskToken} is not in the vocabulary of ${hp.vocabulary}. Give one with --mask-token-id.`,
      { param: "mask_token_id" },
    );
  }
  return { ...hp.diffusion, maskToken };
}

async function createBackend(
  program: Program,
  file: ModelFile,
  options: LoadOptions & BackendOptions,
  log: NonNullable<LoadOptions["log"]>,
): Promise<Backend> {
  const kind = options.backend ?? "auto";
  if (kind === "reference") return createReference(program, file, options);
  if (kind === "native") return createNative(program, file, options);
  const native = nativeAvailable();
  if (native.ok) return createNative(program, file, options);
  log("warn", `answering with the slow reference backend: ${native.reason}`);
  return createReference(program, file, options);
}

function describe(
  file: ModelFile,
  hp: HyperParameters,
  facts: DiffusionFacts,
  backend: Backend,
  sizes: { contextLength: number; pages: number; maxSequences: number; defaults: LoadOptions["defaults"] },
): Omit<ModelInfo, "head" | "weights"> {
  const diffusion = facts.attention !== "causal";
  const decodeModes = modesOf(facts);
  const tensors = [...file.tensors.values()];
  const layerMatrices = tensors.filter((tensor) => tensor.name.startsWith("blk.") && tensor.shape.length === 2);
  return {
    id: basename(file.path).replace(/\.gguf$/i, ""),
    name: hp.name,
    path: file.path,
    bytes: file.size,
    architecture: hp.architecture,
    attention: facts.attention,
    blockLength: diffusion ? facts.blockLength : null,
    maskToken: facts.maskToken,
    contextLength: sizes.contextLength,
    vocabulary: hp.vocabulary,
    parameters: tensors.reduce((sum, tensor) => sum + tensor.shape.reduce((product, n) => product * n, 1), 0),
    weightType: mostBytes(layerMatrices),
    backend: backend.info,
    decodeModes,
    kvPages: sizes.pages,
    maxSequences: sizes.maxSequences,
    defaults: {
      decodeMode: modeFor(sizes.defaults ?? {}, decodeModes[0], decodeModes),
      threshold: sizes.defaults?.threshold ?? 0.9,
      smallBlockSize: sizes.defaults?.smallBlockSize ?? Math.min(8, facts.blockLength),
      dualCache: sizes.defaults?.dualCache ?? "shifted",
      maxTokens: sizes.defaults?.maxTokens ?? 256,
    },
  };
}

/** Reads a KiB of each tensor and not the gigabytes of all: enough to tell models of one shape apart. */
async function digest(file: ModelFile): Promise<string> {
  const hash = createHash("sha256");
  for (const tensor of file.tensors.values()) {
    hash.update(`${tensor.name} ${tensor.type} ${tensor.shape}\n`);
    hash.update(await file.read(tensor, 0, Math.min(tensor.bytes, 1024)));
  }
  return hash.digest("hex");
}

function mostBytes(tensors: { type: string; bytes: number }[]): string {
  const bytes = new Map<string, number>();
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes);
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "F32";
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
