// A model to train further: a Hugging Face folder or a GGUF file, read into a frame.
//
// Weights are floats, or a GGUF file's ternary codes where they are to stay ternary: what they were rounded from
// is gone, and takes the value from which most is needed to change a code. Names and layout of the values are
// GGUF's, as everywhere in training.

import { stat } from "node:fs/promises";
import { architectureOf, headDimOf, planTensors } from "../convert/architectures.js";
import { type Checkpoint, openCheckpoint } from "../convert/checkpoint.js";
import { diffusionFacts } from "../convert/diffusion.js";
import { matchTensors } from "../convert/match.js";
import { diffusionMetadata, modelMetadata } from "../convert/metadata.js";
import { llama3ScalingOf, ropeSettings } from "../convert/rope.js";
import { floatRows, interleaveHalves } from "../convert/rows.js";
import { openGguf } from "../format/gguf.js";
import { isTernary, type TernaryTensor, unpackFloats, unpackTernary } from "../format/tensors/index.js";
import type { Metadata, MetadataValue, ModelFile, TensorInfo } from "../format/types.js";
import { readHyperParameters } from "../model/hyperparameters.js";
import { buildProgram, checkWeights, readRopeFreqs } from "../model/program.js";
import type { HyperParameters } from "../model/types.js";
import { vocabularyFromMetadata } from "../text/gguf-vocabulary.js";
import { preTokenizerJson } from "../text/pre-tokenizers.js";
import { Tokenizer } from "../text/tokenizer.js";
import { tokenType, type Vocabulary } from "../text/vocabulary.js";
import { UnmaskError } from "../util/errors.js";
import { type Frame, type Start, stopsOf, type TokenizerJson } from "./frame.js";

/**
 * @param ternary whether the layers' matrices are to be trained ternary
 * @throws UnmaskError what reading it throws, and tensor_type_unsupported for weights that cannot be trained on
 */
export async function startFrom(path: string, ternary: boolean): Promise<Start> {
  const info = await stat(path).catch((cause) => {
    throw new UnmaskError(
      "file_not_found",
      `There is no model ${path} to start from. Name a folder or a GGUF file with --init.`,
      {
        param: "init",
        cause,
      },
    );
  });
  if (info.isDirectory()) {
    const checkpoint = await openCheckpoint(path);
    try {
      return await fromCheckpoint(checkpoint);
    } finally {
      await checkpoint.close();
    }
  }
  const file = await openGguf(path);
  try {
    return await fromGguf(file, ternary);
  } finally {
    await file.close();
  }
}

async function fromCheckpoint(checkpoint: Checkpoint): Promise<Start> {
  const { config, generationConfig } = checkpoint;
  const architecture = architectureOf(config);
  const headDim = headDimOf(config);
  const tied = config.tie_word_embeddings ?? !checkpoint.tensors.has("lm_head.weight");
  const plan = planTensors(architecture, config, tied);
  const values = new Map<string, Float32Array>();
  for (const { planned, tensor, packedScale } of matchTensors(checkpoint.tensors, plan, tied)) {
    if (packedScale !== null) throw notFloats(planned.to, "packed ternary codes");
    const { rows, columns, floats } = floatRows(checkpoint, tensor);
    const all = await floats(0, rows);
    values.set(planned.to, planned.permute ? interleaveHalves(all, columns, headDim) : all);
  }
  const tokenizerJson = withAddedTokens(checkpoint);
  const tokenizerConfig: Record<string, unknown> = { ...(checkpoint.tokenizerConfig as Record<string, unknown>) };
  if (checkpoint.chatTemplate !== null) tokenizerConfig.chat_template = checkpoint.chatTemplate;
  const tokenizer = Tokenizer.fromJson(tokenizerJson, tokenizerConfig);
  const find = (text: string) => tokenizer.tokenNamed(text) ?? undefined;
  const rope = ropeSettings(config, headDim);
  const metadata: Metadata = new Map(
    [
      ...modelMetadata(checkpoint.name, architecture, config, "f32", rope),
      ...diffusionMetadata(diffusionFacts(config, {}, find)),
    ].map(([key, entry]): [string, MetadataValue] => [key, entry.type === "array" ? [...entry.values] : entry.value]),
  );
  const directory = new Map(
    plan.map(({ to, shape }): [string, TensorInfo] => {
      return [to, { name: to, type: "F32", shape: shape.toReversed(), offset: 0, bytes: 0 }];
    }),
  );
  const named = [config.eos_token_id, generationConfig.eos_token_id].flatMap((ids) => ids ?? []);
  return {
    hp: readHyperParameters(metadata, directory),
    tokenizerJson,
    tokenizerConfig,
    stops: [...new Set([...named, ...stopsOf(tokenizer)])],
    ropeScaling: rope.scaling,
    ropeFreqs: rope.factors,
    values,
  };
}

/** tokenizer.json with the tokens that added_tokens.json alone names. */
function withAddedTokens(checkpoint: Checkpoint): TokenizerJson {
  const json = checkpoint.tokenizer as TokenizerJson;
  const own = json.added_tokens ?? [];
  const more = Object.entries(checkpoint.addedTokens as Record<string, number>)
    .filter(([content]) => !own.some((token) => token.content === content))
    .map(([content, id]) => ({ id, content, special: true }));
  return { ...json, added_tokens: [...own, ...more] };
}

async function fromGguf(file: ModelFile, ternary: boolean): Promise<Start> {
  const hp = readHyperParameters(file.metadata, file.tensors);
  const rope = await ropeOf(file, hp);
  const { roles } = buildProgram(hp, { contextLength: 1, ropeFreqs: rope.ropeFreqs ?? undefined });
  checkWeights(roles, file.tensors);
  const values = new Map<string, Float32Array>();
  for (const { name } of roles) {
    const tensor = file.tensors.get(name)!;
    const { type } = tensor;
    if (ternary && isTernary(type)) values.set(name, mastersOf(unpackTernary(type, await file.read(tensor)), name));
    else if (type === "F32" || type === "F16" || type === "BF16")
      values.set(name, unpackFloats(type, await file.read(tensor)));
    else throw notFloats(name, type);
  }
  const vocabulary = vocabularyFromMetadata(file.metadata);
  return {
    hp,
    ...tokenizerFiles(vocabulary),
    stops: [...new Set([...(vocabulary.eos === null ? [] : [vocabulary.eos]), ...vocabulary.stops])],
    ...rope,
    values,
  };
}

/** Values of one magnitude whose mean magnitude is the scale, so that they round to the same codes and scale again. */
function mastersOf({ codes, scales }: TernaryTensor, name: string): Float32Array {
  const other = scales.find((scale) => scale !== scales[0]);
  if (other !== undefined) {
    throw new UnmaskError(
      "tensor_type_unsupported",
      `Training cannot start from ${name}, whose blocks have several scales (${scales[0]}, ${other}): training has one for each matrix. ` +
        "Start from f32, f16 or bf16 weights.",
      { param: "init" },
    );
  }
  const used = codes.reduce((count, code) => count + (code === 1 ? 0 : 1), 0);
  const size = used === 0 ? 0 : (scales[0] * codes.length) / used;
  return Float32Array.from(codes, (code) => (code - 1) * size);
}

/** RoPE factors of a file, and what config.json is to say of its scaling. */
async function ropeOf(file: ModelFile, hp: HyperParameters): Promise<Pick<Start, "ropeScaling" | "ropeFreqs">> {
  const ropeFreqs = (await readRopeFreqs(file, hp)) ?? null;
  if (ropeFreqs === null) {
    return { ropeScaling: hp.ropeScale === 1 ? null : { rope_type: "linear", factor: hp.ropeScale }, ropeFreqs };
  }
  const ropeScaling = llama3ScalingOf(ropeFreqs, hp.ropeBase, hp.headDim);
  if (ropeScaling !== null) return { ropeScaling, ropeFreqs };
  throw new UnmaskError(
    "hyperparameter_invalid",
    `${file.path} has RoPE factors that no llama3 scaling gives, so config.json could not name them. Start from the checkpoint it was made from.`,
    { param: "init" },
  );
}

/** A vocabulary as the files of a Hugging Face tokenizer. */
export function tokenizerFiles(vocabulary: Vocabulary): Pick<Frame, "tokenizerJson" | "tokenizerConfig"> {
  const { tokens, types, merges, pre, bos, eos, mask, addBos, chatTemplate } = vocabulary;
  const ids = [...tokens.keys()];
  const plain = ids.filter((id) => types[id] === tokenType.normal || types[id] === tokenType.byte);
  const added = ids.filter((id) => types[id] === tokenType.control || types[id] === tokenType.userDefined);
  const text = (id: number | null) => (id === null ? {} : tokens[id]);
  return {
    tokenizerJson: {
      version: "1.0",
      added_tokens: added.map((id) => ({ id, content: tokens[id], special: types[id] === tokenType.control })),
      ...preTokenizerJson(pre),
      model: {
        type: "BPE",
        vocab: Object.fromEntries(plain.map((id) => [tokens[id], id])),
        merges,
        ignore_merges: pre.ignoreMerges,
      },
    },
    tokenizerConfig: {
      tokenizer_class: "PreTrainedTokenizerFast",
      ...Object.fromEntries(
        Object.entries({ bos_token: bos, eos_token: eos, mask_token: mask })
          .filter(([, id]) => id !== null)
          .map(([key, id]) => [key, text(id)]),
      ),
      add_bos_token: addBos,
      ...(chatTemplate === null ? {} : { chat_template: chatTemplate }),
    },
  };
}

function notFloats(tensor: string, type: string): UnmaskError {
  return new UnmaskError(
    "tensor_type_unsupported",
    `Training cannot start from ${tensor}, which is stored as ${type}: rounded weights have lost what training needs. ` +
      "Start from f32, f16 or bf16 weights, or from a ternary GGUF file to train a ternary model.",
    { param: "init" },
  );
}
