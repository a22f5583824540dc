// 64 examples by heart, in seconds: autoregressive first, ternary from half way on, then masked tokens. What
// the trainer has learnt, the engine answers. Without the native trainer, the reference learns eight.

import { join } from "node:path";
import { expect, test } from "vitest";
import { nativeAvailable } from "../../src/backend/native.js";
import type { DecodeMode } from "../../src/decode/types.js";
import { loadModel } from "../../src/engine/index.js";
import { buildProgram } from "../../src/model/program.js";
import { chatTemplateFor } from "../../src/text/template.js";
import type { ChatExample } from "../../src/train/data/types.js";
import { ExampleStream } from "../../src/train/examples.js";
import { exportModel } from "../../src/train/export.js";
import { newModel, settle } from "../../src/train/frame.js";
import { train } from "../../src/train/loop.js";
import { createNativeTrainer } from "../../src/train/native.js";
import { initialValues, parametersOf } from "../../src/train/parameters.js";
import { createReferenceTrainer } from "../../src/train/reference/trainer.js";
import { hash } from "../../src/util/rng.js";
import { temporaryFolder } from "../format/files.js";
import { configOf, runOptions } from "./runs.js";
import { tokenizerConfig, tokenizerJson } from "./tiny.js";

const native = nativeAvailable().ok;
const count = native ? 64 : 8;
const letters = (seed: number, length: number) =>
  Array.from({ length }, (_, i) => String.fromCharCode(97 + (hash(seed, i, 0) % 26))).join("");

/** Answers that nothing but memory can give. */
const examples = Array.from({ length: count }, (_, i): ChatExample => {
  const messages: ChatExample["messages"] = [
    { role: "user", content: letters(i, 3) },
    { role: "assistant", content: letters(1000 + i, 3) },
  ];
  return { task: "memory", kind: "letters", messages };
});

const common = { batch: native ? 400 : 256, length: 64, matrix_rate: 0.004, other_rate: 0.004, warmup: 10 };
const width = native ? 128 : 32;
const config = configOf({
  model: {
    layers: native ? 2 : 1,
    hidden: width,
    ffn: width,
    heads: 2,
    kv_heads: 2,
    head_dim: width / 2,
    context_length: 128,
  },
  diffusion: { block_length: 32 },
  phases: [
    {
      ...common,
      name: "next",
      objective: "next_token",
      steps: native ? 200 : 60,
      decay: "constant",
      quantisation: { from: 0, to: 1, steps: native ? 100 : 30 },
    },
    { ...common, name: "blocks", objective: "diffusion", steps: native ? 300 : 40, full_mask_share: 0.5 },
  ],
  output: { type: native ? "i2_s" : "f32", log_every: 10, statistics_every: 1000 },
});

const folder = temporaryFolder();

test(`${count} examples by heart`, async () => {
  const frame = settle(newModel(config, { tokenizerJson, tokenizerConfig }), config);
  const { program, roles } = buildProgram(frame.hp);
  const parameters = parametersOf(program, roles, true);
  const trainer = native
    ? await createNativeTrainer(program, { parameters, maxRows: config.rows })
    : createReferenceTrainer(program, { parameters });
  for (const parameter of parameters) trainer.set(parameter.name, initialValues(parameter, frame.hp.layers, 1));
  const tools = { tokenizer: frame.tokenizer, template: chatTemplateFor(frame.tokenizer) };
  const stream = new ExampleStream((i) => examples[i % count], tools);
  const losses: number[] = [];
  const onRecord = ({ loss }: { loss: number }) => losses.push(loss);
  await train(trainer, runOptions(config, folder, { stream, onRecord }));
  expect(losses.at(-1)).toBeLessThan(native ? 0.2 : losses[0] / 3);

  const gguf = join(folder, "model.gguf");
  const { type } = config.output;
  await exportModel(trainer, frame, { directory: join(folder, "model"), gguf, type, ternary: true });
  await trainer.dispose();
  if (!native) return;
  await using model = await loadModel(gguf);
  for (const decodeMode of ["autoregressive", "iterative"] as DecodeMode[]) {
    let right = 0;
    for (const { messages } of examples) {
      let text = "";
      for await (const event of model.generate({ messages: messages.slice(0, 1) }, { decodeMode, maxTokens: 8 })) {
        if (event.type === "text") text += event.text;
      }
      if (text === messages[1].content) right++;
    }
    expect(right, decodeMode).toBeGreaterThanOrEqual(0.95 * count);
  }
}, 180_000);
