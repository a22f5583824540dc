// From a configuration to a loaded model.

import { modelPath } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { validateDecodeOptions } from "../decode/index.js";
import type { LoadOptions, Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import type { Surroundings } from "./surroundings.js";

/** The engine's options for a configuration; null becomes the engine's own default. */
export function loadOptions(config: Config): LoadOptions {
  const { dlm, scheduler, backend } = config;
  return {
    backend: backend.kind,
    threads: backend.threads ?? undefined,
    isa: backend.isa ?? undefined,
    head: backend.head ?? undefined,
    kvMemory: scheduler.kv_memory ?? undefined,
    contextLength: config.context_length ?? undefined,
    maxSequences: scheduler.max_sequences,
    maxRows: scheduler.max_rows,
    prefixCache: scheduler.enable_radix_cache,
    maskToken: dlm.mask_token_id ?? undefined,
    blockSize: dlm.block_size ?? undefined,
    defaults: {
      decodeMode: dlm.decode_mode ?? undefined,
      threshold: dlm.threshold ?? undefined,
      smallBlockSize: dlm.small_block_size ?? undefined,
      dualCache: dlm.dual_cache,
      maxTokens: dlm.max_tokens,
    },
  };
}

/**
 * Loads the configured model and makes sure that it can decode as configured, so that a wrong setting
 * is an error now and not with the first request.
 */
export async function openModel(
  config: Config,
  surroundings: Pick<Surroundings, "loadModel">,
  log: NonNullable<LoadOptions["log"]>,
): Promise<Model> {
  const model = await surroundings.loadModel(modelPath(config), { ...loadOptions(config), log });
  try {
    checkDefaults(model);
    return model;
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

function checkDefaults({ info }: Model): void {
  const { decodeMode, threshold, smallBlockSize, dualCache, maxTokens } = info.defaults;
  const sampling = { stopTokens: [], temperature: 0, topP: 1, topK: 0, seed: 0, top: 0 };
  validateDecodeOptions(
    { mode: decodeMode, threshold, subBlock: smallBlockSize, dualCache, maxTokens, ...sampling },
    {
      attention: info.attention,
      blockLength: info.blockLength ?? 32,
      shift: info.decodeModes.includes("autoregressive"),
      maskToken: info.maskToken,
    },
  );
  if (!info.decodeModes.includes(decodeMode)) {
    const usable = info.decodeModes.map((mode) => `"${mode}"`).join(", ");
    const message = `decode_mode is "${decodeMode}", which this model cannot run. ${usable === "" ? "It can run none." : `Use one of ${usable}.`}`;
    throw new UnmaskError("mode_unsupported", message, { param: "decode_mode" });
  }
}
