// Every setting, once: its place in the YAML file (the shape of this object), its type and
// default (zod), and for people its flag, its meaning and what values it takes (`Meaning`).
//
// Flags, environment variables, YAML reading, `--generate-config` and docs/configuration.md
// are all made from this object; nothing about a setting is written anywhere else.
// The names are those of the seed system's configuration file, which loads as it is.

import { z } from "zod";
import { parseBytes } from "./bytes.js";

/** What a setting needs beside its zod type. */
export interface Meaning {
  /** One sentence for --help, the generated file and the docs. */
  about: string;
  /** The values it takes, to be read after "must be": "a number from 0 to 1". */
  expects: string;
  /** Commander's spelling; absent when only the file has it. Boolean settings also get `--no-`. */
  flag?: string;
  /** Its environment variable when it does not follow from the flag. */
  environment?: string;
  /** Only `unmask serve` has the flag. */
  serveOnly?: true;
  /** Why it is accepted but does nothing. */
  ignored?: string;
}

export const meanings = z.registry<Meaning>();

function setting<T extends z.ZodType>(schema: T, meaning: Meaning): T {
  meanings.add(schema, meaning);
  return schema;
}

const count = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const bytes = z.union([
  z.int().min(1),
  z.string().transform((text, context) => {
    const value = parseBytes(text);
    if (value === null || value < 1) {
      context.addIssue("not a size");
      return z.NEVER;
    }
    return value;
  }),
]);

const origins = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) => text.split(",").flatMap((origin) => (origin.trim() === "" ? [] : [origin.trim()]))),
]);

/** What the head can be requantised to. */
export const headTypeNames = ["q8_0", "q6_k", "q4_0"] as const;

/** The decode modes of the engine, in the order in which they are explained. */
export const decodeModeNames = ["verified", "iterative", "adaptive", "greedy", "autoregressive"] as const;

export const configSchema = z.strictObject({
  model_path: setting(z.string().min(1).nullable().default(null), {
    about: "The GGUF file to load. null: the model that comes with unmask.",
    expects: "a path or null",
    flag: "--model, --model-path <file>",
    environment: "MODEL_PATH",
  }),
  host: setting(z.string().min(1).default("127.0.0.1"), {
    about: "The address to listen on; 0.0.0.0 opens the server to the network.",
    expects: "a host name or an address",
    flag: "--host <address>",
    serveOnly: true,
  }),
  port: setting(z.int().min(0).max(65535).default(30000), {
    about: "The port to listen on; 0 takes a free one.",
    expects: "a whole number from 0 to 65535",
    flag: "--port <number>",
    serveOnly: true,
  }),
  api_key: setting(z.string().min(1).nullable().default(null), {
    about: "The key that requests must bring as `Authorization: Bearer KEY`. null: none.",
    expects: "a text of at least one character or null",
    flag: "--api-key <key>",
    serveOnly: true,
  }),
  cors_origins: setting(origins.default([]), {
    about: "Web pages, by origin, that may ask from a browser, beside those of this computer; * for all.",
    expects: "a list of origins such as https://example.com, with commas between them",
    flag: "--cors-origins <origins>",
    serveOnly: true,
  }),
  context_length: setting(count.nullable().default(null), {
    about: "Cap of prompt and answer together, in tokens. null: what the model was trained for, at most 8192.",
    expects: "a whole number from 1 or null",
    flag: "--context-length <tokens>",
  }),
  log_level: setting(z.enum(["silent", "fatal", "error", "warn", "info", "debug", "trace"]).default("info"), {
    about: "How much the server logs.",
    expects: "silent, fatal, error, warn, info, debug or trace",
    flag: "--log-level <level>",
    serveOnly: true,
  }),
  log_format: setting(z.enum(["text", "json"]).default("text"), {
    about: "Logs as text for people, or one JSON object a line.",
    expects: "text or json",
    flag: "--log-format <format>",
    serveOnly: true,
  }),
  dlm: z
    .strictObject({
      decode_mode: setting(z.enum(decodeModeNames).nullable().default(null), {
        about:
          "How tokens are chosen. verified: exactly the autoregressive answer, drafted by diffusion; iterative: confident positions first, by one threshold; adaptive: from the left, as many as are likely to be right together; greedy: a sub-block in one pass; autoregressive: one token a forward. null: the first of these that the model can run; with a threshold, iterative.",
        expects: "verified, iterative, adaptive, greedy, autoregressive or null",
        flag: "--decode-mode <mode>",
      }),
      threshold: setting(z.number().gt(0).max(1).nullable().default(null), {
        about:
          "The confidence above which iterative commits a position, and adaptive all of a step together: lower is faster, higher is more careful. A number chooses iterative where no mode is chosen. null: 0.9.",
        expects: "a number above 0 and at most 1 or null",
        flag: "--threshold <number>",
      }),
      block_size: setting(count.nullable().default(null), {
        about: "Positions decoded together. null: what the model was trained with; another size is refused.",
        expects: "a whole number from 1 or null",
        flag: "--block-size <tokens>",
      }),
      small_block_size: setting(count.nullable().default(null), {
        about:
          "Positions that are filled before the next ones, or drafted at once (verified); must divide the block size. null: 8.",
        expects: "a whole number from 1 or null",
        flag: "--small-block-size <tokens>",
      }),
      dual_cache: setting(z.literal([true, false, "shifted"]).default("shifted"), {
        about:
          "Which rows a denoise step leaves as they are, of models that decode blocks. true: the other sub-blocks, once the first position is known; shifted: they too before that, but the one to the left when a sub-block begins; false: none.",
        expects: "true, false or shifted",
        flag: "--dual-cache <kind>",
      }),
      mask_token_id: setting(z.int().min(0).nullable().default(null), {
        about: "The mask token, for files that do not name theirs. null: what the file says.",
        expects: "a token id (a whole number from 0) or null",
        flag: "--mask-token-id <id>",
      }),
      max_tokens: setting(count.default(256), {
        about: "Most tokens of an answer when a request does not say.",
        expects: "a whole number from 1",
        flag: "--max-tokens <tokens>",
      }),
      max_iterations_per_block: setting(count.nullable().default(null), {
        about: "Accepted for files written for other servers; has no effect.",
        expects: "a whole number from 1 or null",
        ignored:
          "every denoise step commits at least one position, so a block always ends after at most as many steps as it has positions",
      }),
    })
    .prefault({}),
  scheduler: z
    .strictObject({
      max_sequences: setting(count.max(1024).default(16), {
        about: "Requests that are worked on at the same time; further ones wait in order.",
        expects: "a whole number from 1 to 1024",
        flag: "--max-sequences <number>",
        serveOnly: true,
      }),
      max_rows: setting(count.min(32).max(65536).default(256), {
        about:
          "Most token positions in one forward, never fewer than two blocks and one; smaller answers a cancellation sooner, larger reads prompts faster.",
        expects: "a whole number from 32 to 65536",
        flag: "--max-rows <number>",
      }),
      kv_memory: setting(bytes.nullable().default(null), {
        about:
          "Memory for keys and values. null: a full context for every sequence, at most 1 GiB, at least one context.",
        expects: "a size such as 512MiB or 2GB, or null",
        flag: "--kv-memory <size>",
      }),
      enable_radix_cache: setting(z.boolean().default(true), {
        about: "Keep the K/V of earlier prompts and answers, so that what they begin with is not computed again.",
        expects: "true or false",
        flag: "--radix-cache",
        serveOnly: true,
      }),
      radix_cache_max_tokens: setting(count.nullable().default(null), {
        about: "Accepted for files written for other servers; has no effect.",
        expects: "a whole number from 1 or null",
        ignored: "the cache fills what kv_memory leaves free and gives it back when a request needs it; set kv_memory",
      }),
    })
    .prefault({}),
  backend: z
    .strictObject({
      kind: setting(z.enum(["auto", "native", "reference"]).default("auto"), {
        about: "What computes. auto: the native addon, or plain TypeScript (slow) where it cannot be loaded.",
        expects: "auto, native or reference",
        flag: "--backend <kind>",
      }),
      threads: setting(count.max(1024).nullable().default(null), {
        about: "Threads of the native backend. null: one for each physical core.",
        expects: "a whole number from 1 to 1024 or null",
        flag: "--threads <number>",
      }),
      isa: setting(z.enum(["scalar", "avx2", "avxvnni", "avx512vnni", "amx"]).nullable().default(null), {
        about:
          "Instruction set of the native kernels: scalar, avx2, avxvnni, avx512vnni or amx. null: the best this CPU has.",
        expects: "scalar, avx2, avxvnni, avx512vnni, amx or null",
        flag: "--isa <name>",
      }),
      head: setting(z.enum(headTypeNames).nullable().default(null), {
        about:
          "Requantise the head, the matrix of the vocabulary, when the model is loaded: q8_0, q6_k or q4_0, each smaller and so faster than the one before, and rounded more. null: as stored.",
        expects: "q8_0, q6_k, q4_0 or null",
        flag: "--head <type>",
      }),
    })
    .prefault({}),
  benchmark: z
    .strictObject({
      enabled: setting(z.boolean().default(false), {
        about: "Measure with one prompt, print the result and end, instead of serving.",
        expects: "true or false",
        flag: "--benchmark",
        serveOnly: true,
      }),
      iterations: setting(count.default(50), {
        about: "How many times the benchmark runs its prompt.",
        expects: "a whole number from 1",
        flag: "--benchmark-iterations <number>",
        serveOnly: true,
      }),
      max_tokens: setting(count.default(64), {
        about: "Most tokens of an answer in the benchmark.",
        expects: "a whole number from 1",
        flag: "--benchmark-max-tokens <tokens>",
        serveOnly: true,
      }),
      prompt: setting(z.string().min(1).default("What is the meaning of life?"), {
        about: "What the benchmark asks.",
        expects: "a text of at least one character",
        flag: "--benchmark-prompt <text>",
        serveOnly: true,
      }),
    })
    .prefault({}),
});

/** All settings with their values, in the shape of the YAML file. */
export type Config = z.output<typeof configSchema>;
