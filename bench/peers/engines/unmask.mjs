// unmask itself, through the same forwards that `unmask bench` measures. Needs a build (npm run setup).

import { decodeSpan, denoiseSpan, prefillCase } from "../../../dist/bench/forwards.js";
import { loadParts } from "../../../dist/engine/index.js";

export const name = "unmask";

export async function open({ model, threads, isa }) {
  const parts = await loadParts(model, { threads, isa, prefixCache: false });
  const { backend, file, info } = parts;

  async function decode(tokens, context) {
    await readPrompt(context);
    const begun = performance.now();
    let token = 0;
    for (let i = 0; i < tokens; i++) {
      const [predictions] = await backend.forward([decodeSpan(parts, context + i, token)]);
      token = predictions.token[0];
    }
    return performance.now() - begun;
  }

  async function readPrompt(tokens) {
    const begun = performance.now();
    for (const spans of prefillCase(parts, tokens).forwards) await backend.forward(spans);
    return performance.now() - begun;
  }

  async function block() {
    const rows = parts.facts.blockLength;
    const begun = performance.now();
    await backend.forward([denoiseSpan(parts, [rows - 1])]);
    return performance.now() - begun;
  }

  return {
    description: `${backend.info.kind} ${backend.info.isa}, ${backend.info.threads} threads, ${info.weightType}`,
    run: ({ kind, tokens, context }) =>
      kind === "decode" ? decode(tokens, context) : kind === "block" ? block() : readPrompt(tokens),
    close: async () => {
      await backend.dispose();
      await file.close();
    },
  };
}
