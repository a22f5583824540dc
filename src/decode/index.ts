// The door to decode/: makes the state machine that a request's options ask for.

import { UnmaskError } from "../util/errors.js";
import { Autoregressive } from "./autoregressive.js";
import { BlockDiffusion } from "./block-diffusion.js";
import { Canvas } from "./canvas.js";
import { type Machine, MachineDecoder } from "./decoder.js";
import type { Request } from "./head.js";
import { validateDecodeOptions } from "./options.js";
import { planPrefill } from "./prefill.js";
import { type Decoder, type DecoderInput, inBlocks } from "./types.js";
import { Verified } from "./verified.js";
import { WindowDiffusion } from "./window-diffusion.js";

export { validateDecodeOptions } from "./options.js";

/** The decoder of one request. Throws what validateDecodeOptions throws, and invalid_request for an empty prompt. */
export function createDecoder(input: DecoderInput): Decoder {
  const { prompt, options, facts } = input;
  validateDecodeOptions(options, facts);
  if (prompt.length === 0) {
    throw new UnmaskError("invalid_request", "The prompt has no tokens. Give at least one.", { param: "prompt" });
  }
  const request = { options, facts };
  const prefill = planPrefill(input);
  const canvas = new Canvas(prompt, prefill.from);
  return new MachineDecoder(canvas, request, prefill, createMachine(canvas, request, input.contextLength));
}

function createMachine(canvas: Canvas, request: Request, contextLength: number): Machine {
  const maskToken = request.facts.maskToken ?? -1; // validated: known to every mode that masks
  const { options, facts } = request;
  switch (options.mode) {
    case "autoregressive":
      return new Autoregressive(canvas, request);
    case "verified":
      return new Verified(canvas, request, maskToken);
    default:
      return inBlocks(options.mode, facts)
        ? new BlockDiffusion(canvas, request, maskToken)
        : new WindowDiffusion(canvas, request, maskToken, contextLength);
  }
}
