// A Hugging Face checkpoint folder: its JSON files and its tensors.
//
// Opening checks that the folder is complete and that config.json makes sense as JSON of the
// right types; what the values mean is decided by the other files here. Tensors of several
// shards look like one set.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { openSafetensors, type SafetensorInfo, type SafetensorsFile } from "../format/safetensors.js";
import { UnmaskError } from "../util/errors.js";
import { type CheckpointConfig, configSchema, type GenerationConfig, generationConfigSchema } from "./config.js";

export interface Checkpoint {
  readonly directory: string;
  /** The model's name: what config.json calls it, else the folder. */
  readonly name: string;
  readonly config: CheckpointConfig;
  readonly generationConfig: GenerationConfig;
  /** Parsed tokenizer.json, not yet checked. */
  readonly tokenizer: unknown;
  /** Parsed tokenizer_config.json and added_tokens.json, empty when absent; not yet checked. */
  readonly tokenizerConfig: unknown;
  readonly addedTokens: unknown;
  readonly chatTemplate: string | null;
  readonly tensors: ReadonlyMap<string, SafetensorInfo>;
  /** Bytes [start, end) of a tensor. */
  read(tensor: SafetensorInfo, start: number, end: number): Promise<Uint8Array>;
  /** SHA-256 of the safetensors files, one after another in the order of their names. */
  sha256(): Promise<string>;
  close(): Promise<void>;
}

const tokenizerConfigTemplate = z.object({
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
});
const shardIndexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens the folder of a checkpoint.
 * @throws UnmaskError `file_not_found`, `checkpoint_invalid`, `safetensors_invalid`,
 *   `tokenizer_missing`, `tensor_type_unsupported`
 */
export async function openCheckpoint(directory: string): Promise<Checkpoint> {
  const info = await stat(directory).catch(() => null);
  if (!info?.isDirectory()) {
    throw new UnmaskError(
      "file_not_found",
      `${directory} is not a folder. Give the folder of a Hugging Face checkpoint, with config.json, tokenizer.json and model.safetensors.`,
    );
  }
  const json = (name: string): Promise<unknown> => readJson(join(directory, name));
  const config = checked(configSchema, await json("config.json"), "config.json");
  if (config === null) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `${directory} has no config.json. Give the folder of a Hugging Face checkpoint.`,
    );
  }
  const tokenizer = await json("tokenizer.json");
  if (tokenizer === undefined) {
    throw new UnmaskError(
      "tokenizer_missing",
      `${directory} has no tokenizer.json. Make one with transformers: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR).`,
    );
  }
  const tokenizerConfig = (await json("tokenizer_config.json")) ?? {};
  const generation = checked(generationConfigSchema, await json("generation_config.json"), "generation_config.json");
  const addedTokens = (await json("added_tokens.json")) ?? {};
  const chatTemplate = await readChatTemplate(directory, tokenizerConfig);
  const files = await openShards(directory); // last: whoever gets the checkpoint closes them
  const owner = new Map<SafetensorInfo, SafetensorsFile>();
  for (const file of files) for (const tensor of file.tensors.values()) owner.set(tensor, file);
  return {
    directory,
    name: basename(config._name_or_path || resolve(directory)),
    config,
    generationConfig: generation ?? {},
    tokenizer,
    tokenizerConfig,
    addedTokens,
    chatTemplate,
    tensors: new Map([...owner.keys()].map((tensor) => [tensor.name, tensor])),
    read: (tensor, start, end) => owner.get(tensor)!.read(tensor, start, end),
    sha256: () => hashFiles(files.map((file) => file.path)),
    close: async () => {
      await Promise.all(files.map((file) => file.close()));
    },
  };
}

/** The parsed file, or undefined when there is none. */
async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `${path} is not JSON: ${(cause as Error).message}. Download it again.`,
      { cause },
    );
  }
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw new UnmaskError("file_not_found", `Cannot read ${path}: ${cause.message}.`, { cause });
  });
}

/** The value with its types checked, or null when the file is absent. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, file: string): T | null {
  if (value === undefined) return null;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw new UnmaskError("checkpoint_invalid", `${file}: ${path.join(".") || "the file"}: ${message}.`, {
    param: path.join(".") || null,
  });
}

async function readChatTemplate(directory: string, tokenizerConfig: unknown): Promise<string | null> {
  const file = await readText(join(directory, "chat_template.jinja"));
  if (file !== undefined) return file;
  const template = checked(tokenizerConfigTemplate, tokenizerConfig, "tokenizer_config.json")?.chat_template;
  if (Array.isArray(template)) return template.find(({ name }) => name === "default")?.template ?? null;
  return template ?? null;
}

/** model.safetensors, or the shards that its index names, in the order of their names. */
async function openShards(directory: string): Promise<SafetensorsFile[]> {
  const indexName = "model.safetensors.index.json";
  const index = checked(shardIndexSchema, await readJson(join(directory, indexName)), indexName);
  if (index === null) {
    const single = join(directory, "model.safetensors");
    if ((await stat(single).catch(() => null)) !== null) return [await openSafetensors(single)];
    throw new UnmaskError(
      "file_not_found",
      `${directory} has neither model.safetensors nor ${indexName}. Save the checkpoint with transformers' save_pretrained.`,
    );
  }
  const names = [...new Set(Object.values(index.weight_map))].sort();
  const outside = names.find((name) => basename(name) !== name);
  if (outside !== undefined) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `${indexName} names the shard "${outside}", which is not a file of the folder.`,
    );
  }
  const files: SafetensorsFile[] = [];
  try {
    for (const name of names) files.push(await openSafetensors(join(directory, name)));
    checkShards(index.weight_map, new Map(names.map((name, i) => [name, files[i]])), indexName);
    return files;
  } catch (error) {
    await Promise.all(files.map((file) => file.close()));
    throw error;
  }
}

function checkShards(weightMap: Record<string, string>, files: Map<string, SafetensorsFile>, indexName: string): void {
  for (const [tensor, file] of Object.entries(weightMap)) {
    if (!files.get(file)!.tensors.has(tensor)) {
      throw new UnmaskError("checkpoint_invalid", `${indexName} says that ${file} holds "${tensor}", but it does not.`);
    }
  }
  for (const [file, { tensors }] of files) {
    for (const tensor of tensors.keys()) {
      if (weightMap[tensor] !== file) {
        throw new UnmaskError(
          "checkpoint_invalid",
          `${file} holds "${tensor}", which ${indexName} does not place there.`,
        );
      }
    }
  }
}

async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths)
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
}
