// What surrounds the parameters of a model in training: its shape and its tokenizer, wherever they
// come from, and the first values where there are some.
//
// A new model takes its shape from the configuration and its tokenizer from a folder; a model that
// is trained further takes all from its checkpoint (start.ts). Export needs nothing else.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { RopeConfig } from "../convert/config.js";
import { traits } from "../model/architectures.js";
import type { DiffusionFacts, HyperParameters } from "../model/types.js";
import { Tokenizer } from "../text/tokenizer.js";
import { UnmaskError } from "../util/errors.js";
import type { TrainConfig } from "./config.js";

export type TokenizerJson = z.infer<typeof tokenizerSchema>;

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int().nonnegative(), content: z.string() })).default([]),
});
const tokenizerConfigSchema = z.record(z.string(), z.unknown());

export interface Frame {
  /** With the diffusion facts that training gives the model. */
  hp: HyperParameters;
  tokenizerJson: TokenizerJson;
  tokenizerConfig: Record<string, unknown>;
  tokenizer: Tokenizer;
  /** Tokens that end an answer, the first being the one that the chat template writes. */
  stops: number[];
  maskToken: number;
  /** config.json's rope_scaling, and the factors it amounts to. */
  ropeScaling: RopeConfig | null;
  ropeFreqs: Float32Array | null; // [ropeDim / 2]
  /** Values by parameter; null for a new model. */
  values: ReadonlyMap<string, Float32Array> | null;
}

export type TokenizerFiles = Pick<Frame, "tokenizerJson" | "tokenizerConfig">;

/** A frame whose mask token and diffusion facts are yet to be settled. */
export type Start = Omit<Frame, "tokenizer" | "maskToken">;

/** The tokens of a folder with tokenizer.json and tokenizer_config.json. @throws UnmaskError tokenizer_missing, tokenizer_invalid */
export async function readTokenizer(directory: string): Promise<TokenizerFiles> {
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> => {
    const path = join(directory, name);
    const text = await readFile(path, "utf8").catch((cause) => {
      const message = `There is no tokenizer: ${path} cannot be read (${cause.message}). Correct tokenizer.directory.`;
      throw new UnmaskError("tokenizer_missing", message, { param: "tokenizer.directory", cause });
    });
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      const message = `${path} is not what a tokenizer's file is: ${(cause as Error).message}.`;
      throw new UnmaskError("tokenizer_invalid", message, { cause });
    }
  };
  return {
    tokenizerJson: await read("tokenizer.json", tokenizerSchema),
    tokenizerConfig: await read("tokenizer_config.json", tokenizerConfigSchema),
  };
}

/** The same of a tokenizer that was just made. */
export function madeTokenizer(made: { tokenizer: unknown; config: unknown }): TokenizerFiles {
  const { tokenizer, config } = JSON.parse(JSON.stringify(made)); // as it will be read
  return { tokenizerJson: tokenizerSchema.parse(tokenizer), tokenizerConfig: tokenizerConfigSchema.parse(config) };
}

/** A new model of the configuration's shape. */
export function newModel({ model }: TrainConfig, files: TokenizerFiles): Start {
  const tokenizer = Tokenizer.fromJson(files.tokenizerJson, files.tokenizerConfig);
  const { activation, subNorms, qkvBias } = traits[model.architecture];
  return {
    ...files,
    stops: stopsOf(tokenizer),
    ropeScaling: null,
    ropeFreqs: null,
    values: null,
    hp: {
      architecture: model.architecture,
      name: model.name,
      layers: model.layers,
      hidden: model.hidden,
      ffn: model.ffn,
      heads: model.heads,
      kvHeads: model.kv_heads,
      headDim: model.head_dim,
      vocabulary: tokenizer.vocabularySize,
      contextLength: model.context_length,
      normEps: model.norm_eps,
      ropeBase: model.rope_base,
      ropeDim: model.head_dim,
      ropeScale: 1,
      activation,
      subNorms,
      qkvBias,
      tiedHead: true,
      diffusion: { attention: "causal", blockLength: 32, shift: false, maskToken: null },
    },
  };
}

/** The end of an answer first. */
export function stopsOf({ eosId, stopIds }: Tokenizer): number[] {
  return [...new Set([...(eosId === null ? [] : [eosId]), ...stopIds])];
}

const maskText = "<|mask|>";

/**
 * Settles what training will make of the model. A tokenizer without a mask token gets one, in the first
 * row of the embedding that has no token, or in a new row that begins as the mean of the others.
 * @throws UnmaskError tokenizer_invalid when nothing ends an answer
 */
export function settle(start: Start, config: TrainConfig): Frame {
  const trained = config.phases.some(({ objective }) => objective !== "next_token");
  const before = Tokenizer.fromJson(start.tokenizerJson, start.tokenizerConfig);
  if (start.stops.length === 0) {
    throw new UnmaskError(
      "tokenizer_invalid",
      "The tokenizer names no token that ends an answer. Set eos_token in tokenizer_config.json.",
    );
  }
  const maskToken = start.hp.diffusion.maskToken ?? before.maskId ?? before.vocabularySize;
  const added = maskToken === before.vocabularySize;
  const tokenizerJson = added
    ? {
        ...start.tokenizerJson,
        added_tokens: [...start.tokenizerJson.added_tokens, { id: maskToken, content: maskText, special: true }],
      }
    : start.tokenizerJson;
  const tokenizerConfig = added ? { ...start.tokenizerConfig, mask_token: maskText } : start.tokenizerConfig;
  const vocabulary = Math.max(start.hp.vocabulary, maskToken + 1);
  const facts: DiffusionFacts = trained
    ? { attention: config.diffusion.attention, blockLength: config.diffusion.block_length, shift: true, maskToken }
    : { attention: "causal", blockLength: 32, shift: false, maskToken: null };
  return {
    ...start,
    hp: { ...start.hp, name: config.model.name, vocabulary, diffusion: facts },
    tokenizerJson,
    tokenizerConfig,
    tokenizer: Tokenizer.fromJson(tokenizerJson, tokenizerConfig),
    maskToken,
    values: start.values === null ? null : withRows(start.values, start.hp, vocabulary),
  };
}

/** Embedding and head with rows for `vocabulary` tokens. */
function withRows(
  values: ReadonlyMap<string, Float32Array>,
  { hidden, vocabulary: before }: HyperParameters,
  vocabulary: number,
): ReadonlyMap<string, Float32Array> {
  if (vocabulary === before) return values;
  const grown = new Map(values);
  for (const name of ["token_embd.weight", "output.weight"]) {
    const table = values.get(name);
    if (table === undefined) continue;
    const more = new Float32Array(vocabulary * hidden);
    more.set(table);
    for (let i = 0; i < hidden; i++) {
      let mean = 0;
      for (let row = 0; row < before; row++) mean += table[row * hidden + i] / before;
      for (let row = before; row < vocabulary; row++) more[row * hidden + i] = mean;
    }
    grown.set(name, more);
  }
  return grown;
}
