// One line about what an answer took.

import type { GenerateEvent } from "../engine/types.js";

type Finish = Extract<GenerateEvent, { type: "finish" }>;

/** "41 tokens, 812.4 tok/s, 2.4 tokens per forward, adaptive" */
export function summary({ timings, reason }: Finish, mode: string): string {
  const { predictedN, predictedMs, forwards } = timings;
  const parts = [`${predictedN} ${predictedN === 1 ? "token" : "tokens"}`];
  if (predictedMs > 0) parts.push(`${(predictedN / (predictedMs / 1000)).toFixed(1)} tok/s`);
  if (forwards > 0) parts.push(`${(predictedN / forwards).toFixed(1)} tokens per forward`);
  parts.push(mode);
  if (reason === "length") parts.push("cut off at --max-tokens");
  return parts.join(", ");
}

/** The same with prompt and counts, for `--timings`. */
export function details(finish: Finish, mode: string): string {
  const { promptN, promptMs, promptForwards, predictedMs, forwards, rows } = finish.timings;
  const { cachedTokens } = finish.usage;
  const read =
    promptForwards === 0
      ? "read with the first block"
      : `${promptForwards} ${promptForwards === 1 ? "forward" : "forwards"}, ${promptMs.toFixed(1)} ms, ${(promptN / (promptMs / 1000)).toFixed(1)} tok/s`;
  return [
    `prompt: ${promptN} tokens${cachedTokens > 0 ? ` and ${cachedTokens} cached` : ""}, ${read}`,
    `answer: ${summary(finish, mode)}; ${forwards} forwards of ${rows} rows, ${predictedMs.toFixed(1)} ms; seed ${finish.seed}`,
  ].join("\n");
}
