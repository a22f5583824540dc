// Asks the default model what README.md and docs/api.md ask it, over a real server, and writes its
// answers where they show them: after <!-- answer: chat -->, <!-- answer: denoising --> and
// <!-- picture -->. test/docs-run.test.ts checks that they are still true. Part of `npm run docs`.

import { readFileSync, writeFileSync } from "node:fs";
import { modelPath } from "../dist/config/load.js";
import { loadModel } from "../dist/index.js";
import { startServer } from "../dist/server/index.js";
import { blockPicture } from "./block-picture.mjs";

const asking = (content) => [{ role: "user", content }];
const messages = asking("What is 2+2?");
/** What the picture is an answer to: long enough that something is known behind what is not. */
const pictured = asking("Jack has 112 balloons and Noah has 5. How many more balloons does Jack have?");
const readme = new URL("../README.md", import.meta.url);
const api = new URL("../docs/api.md", import.meta.url);

/** JSON for readers: what fits into a line stays in one. */
function json(value, indent = "", before = 0) {
  const short = JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/([[{]) | ([\]}])/g, "$1$2");
  if (typeof value !== "object" || value === null || (indent !== "" && indent.length + before + short.length < 126)) {
    return short;
  }
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => inner + json(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}"${key}": ${json(item, inner, key.length + 4)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

async function chat(url, body) {
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

function place(file, mark, text) {
  const before = readFileSync(file, "utf8");
  const block = new RegExp(`(<!-- ${mark} -->\\n+\`\`\`\\w*\\n)[\\s\\S]*?(\\n\`\`\`\\n)`);
  if (!block.test(before)) throw new Error(`${file} has no <!-- ${mark} -->.`);
  writeFileSync(
    file,
    before.replace(block, (_, open, close) => open + text + close),
  );
}

export async function placeAnswers() {
  const model = await loadModel(modelPath({ model_path: null }));
  const server = await startServer({ model, host: "127.0.0.1", port: 0 });
  try {
    place(
      readme,
      "picture",
      await blockPicture(
        model.generate({ messages: pictured }, { maxTokens: 50, denoising: true, decodeMode: "iterative" }),
      ),
    );
    const answer = json(JSON.parse(await chat(server.url, { messages, max_tokens: 50 })));
    for (const file of [readme, api]) place(file, "answer: chat", answer);
    const asked = { messages, stream: true, decode_mode: "iterative", stream_options: { include_denoising: true } };
    const events = (await chat(server.url, asked)).split("\n\n").filter((line) => line.includes('"denoising"'));
    place(api, "answer: denoising", json(JSON.parse(events[events.length - 1].slice("data: ".length))));
  } finally {
    await server.close();
    await model.dispose();
  }
}
