// llama.cpp through node-llama-cpp, with the build it ships for this processor.

import { readFileSync } from "node:fs";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

export const name = "node-llama-cpp";

export async function open({ model: modelPath, threads }) {
  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    maxThreads: threads,
  });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const context = await model.createContext({ contextSize: 1024, batchSize: 512, sequences: 1, threads });
  const sequence = context.getSequence();
  const prompt = (tokens) => Array.from({ length: tokens }, (_, i) => 300 + i);

  /** Reads a prompt into an empty context; the last token's logits are computed and its successor sampled greedily. */
  async function readPrompt(tokens) {
    await sequence.clearHistory();
    const all = prompt(tokens);
    const begun = performance.now();
    const last = [all[tokens - 1], { generateNext: { token: true, options: { temperature: 0 } } }];
    await sequence.controlledEvaluate([...all.slice(0, -1), last]);
    return performance.now() - begun;
  }

  async function decode(tokens, contextTokens) {
    await sequence.clearHistory();
    let begun = 0;
    let generated = 0;
    for await (const _ of sequence.evaluate(prompt(contextTokens), { temperature: 0, yieldEogToken: true })) {
      if (generated === 0) begun = performance.now(); // the prompt and the first token have been computed
      if (generated++ === tokens) break;
    }
    return performance.now() - begun;
  }

  const { version } = JSON.parse(readFileSync(new URL("../node_modules/node-llama-cpp/package.json", import.meta.url)));
  return {
    description: `${version}, ${llama.systemInfo?.trim() || "CPU"}`,
    run: ({ kind, tokens, context: length }) => (kind === "decode" ? decode(tokens, length) : readPrompt(tokens)),
    close: () => llama.dispose(),
  };
}
