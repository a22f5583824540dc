// The options of one answer that `generate` and `chat` share and that are not settings.

import { type Command, InvalidArgumentError } from "commander";
import type { GenerateOptions } from "../engine/types.js";

export interface SamplingFlags {
  system?: string;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  stop?: string[];
}

/** Reads a number; the engine says which numbers are possible. */
export function numberArgument(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

export function addSampling(command: Command): Command {
  return command
    .optionsGroup("Sampling:")
    .option("--system <text>", "What the model is told before the conversation.")
    .option(
      "--temperature <number>",
      "0 takes the most probable token, larger values vary more. (default: 0)",
      numberArgument,
    )
    .option(
      "--top-p <number>",
      "Sample only from the most probable tokens that together have this probability.",
      numberArgument,
    )
    .option("--top-k <number>", "Sample only from this many most probable tokens.", numberArgument)
    .option("--seed <number>", "The same seed gives the same answer. (default: random)", numberArgument)
    .option(
      "--stop <text>",
      "End the answer before this text; may be given several times.",
      (text, before: string[] = []) => [...before, text],
    );
}

/** The engine's options for what was typed. */
export function samplingOptions(flags: SamplingFlags): GenerateOptions {
  const { temperature, topP, topK, seed, stop } = flags;
  return { temperature, topP, topK, seed, stop };
}
