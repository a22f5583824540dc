// A trained model as files: a Hugging Face folder (f32 weights, before ternarisation) and the
// GGUF file that the converter makes of it.
//
// What the model was trained for (mask token, block length, attention, vocabulary) travels in
// config.json and from there in the GGUF metadata, so the engine refuses what differs.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { planTensors } from "../convert/architectures.js";
import { type CheckpointConfig, configSchema } from "../convert/config.js";
import { type ConvertReport, convert } from "../convert/convert.js";
import type { OutputType } from "../convert/ternary-policy.js";
import { type SafetensorSource, writeSafetensors } from "../format/safetensors.js";
import { packFloats } from "../format/tensors/index.js";
import type { HyperParameters } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import type { Frame } from "./frame.js";
import type { Trainer } from "./types.js";

export interface ExportOptions {
  /** Folder for the Hugging Face files. */
  directory: string;
  /** Path of the GGUF file. */
  gguf: string;
  type: OutputType;
  ternary: boolean;
}

/** @throws UnmaskError file_write_failed, and what converting throws */
export async function exportModel(trainer: Trainer, frame: Frame, options: ExportOptions): Promise<ConvertReport> {
  const { directory } = options;
  const config = configJson(frame, options);
  const { hp } = frame;
  const tensors = planTensors(hp.architecture, config, hp.tiedHead).map(
    ({ from, suffix, to, shape, permute }): SafetensorSource => ({
      name: `${from[0]}.${suffix}`,
      dtype: "F32",
      shape,
      produce: () => {
        const values = trainer.get(to);
        return [packFloats("F32", permute ? separateHalves(values, shape[1] ?? 1, hp.headDim) : values)];
      },
    }),
  );
  const json = (name: string, value: unknown) =>
    writeFile(join(directory, name), `${JSON.stringify(value, null, 2)}\n`);
  try {
    await mkdir(directory, { recursive: true });
    await json("config.json", config);
    await json("generation_config.json", { eos_token_id: frame.stops, temperature: 0 });
    await json("tokenizer.json", frame.tokenizerJson);
    await json("tokenizer_config.json", { ...frame.tokenizerConfig, model_max_length: hp.contextLength });
  } catch (cause) {
    const message = `The model cannot be written to ${directory}: ${(cause as Error).message}.`;
    throw new UnmaskError("file_write_failed", message, { cause });
  }
  await writeSafetensors(join(directory, "model.safetensors"), tensors, { format: "pt" });
  return await convert(directory, options.gguf, { type: options.type });
}

const classes = {
  llama: "LlamaForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  bitnet: "BitNetForCausalLM",
  "bitnet-25": "BitNetForCausalLM",
  "bitnet-b1.58": "BitNetForCausalLM",
} as const satisfies Record<HyperParameters["architecture"], string>;

function configJson(frame: Frame, { ternary }: ExportOptions): CheckpointConfig {
  const { hp, stops, tokenizer, ropeScaling } = frame;
  const { diffusion } = hp;
  return configSchema.parse({
    _name_or_path: hp.name,
    architectures: [classes[hp.architecture]],
    model_type: hp.architecture.startsWith("bitnet") ? "bitnet" : hp.architecture,
    hidden_size: hp.hidden,
    intermediate_size: hp.ffn,
    num_hidden_layers: hp.layers,
    num_attention_heads: hp.heads,
    num_key_value_heads: hp.kvHeads,
    head_dim: hp.headDim,
    vocab_size: hp.vocabulary,
    hidden_act: hp.activation,
    rms_norm_eps: hp.normEps,
    rope_theta: hp.ropeBase,
    ...(ropeScaling === null ? {} : { rope_scaling: ropeScaling }),
    max_position_embeddings: hp.contextLength,
    tie_word_embeddings: hp.tiedHead,
    bos_token_id: tokenizer.bosId,
    eos_token_id: stops[0],
    torch_dtype: "float32",
    ...(diffusion.attention === "causal"
      ? {}
      : {
          mask_token_id: diffusion.maskToken,
          bd_size: diffusion.blockLength,
          diffusion_attention: diffusion.attention,
        }),
    ...(ternary
      ? { quantization_config: { quant_method: "bitnet", linear_class: "autobitlinear", quantization_mode: "online" } }
      : {}),
  });
}

/** The inverse of convert's interleaveHalves: rows of whole heads from adjacent pairs to half-split. */
function separateHalves(values: Float32Array, columns: number, headDim: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const within = row % headDim;
    const to = row - within + (within >> 1) + (within & 1) * (headDim / 2);
    out.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return out;
}
