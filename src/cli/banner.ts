// What the server says about itself when it is up.

import { pageSize } from "../backend/types.js";
import { showBytes } from "../config/bytes.js";
import type { ModelInfo } from "../engine/types.js";

const example = '{"messages":[{"role":"user","content":"What is 2+2?"}],"max_tokens":50}';

/** 5.0 M, 2.4 B */
export function showCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return String(count);
}

/** "native, avx512vnni, 2 threads"; a head that is not the stored one is named. */
export function describeBackend({ backend, head }: Pick<ModelInfo, "backend" | "head">): string {
  const threads = `${backend.threads} ${backend.threads === 1 ? "thread" : "threads"}`;
  const where = backend.kind === "native" ? `native, ${backend.isa}, ${threads}` : "reference (TypeScript), slow";
  return head.type === head.stored ? where : `${where}, ${head.type} head (stored as ${head.stored})`;
}

/** "verified, drafts of 8" or "iterative, threshold 0.9, sub-blocks of 8 in blocks of 32" */
export function describeDecoding({ defaults, blockLength }: ModelInfo): string {
  const { decodeMode, threshold, smallBlockSize } = defaults;
  if (blockLength === null || decodeMode === "autoregressive") return "autoregressive";
  if (decodeMode === "verified") return `verified, drafts of ${smallBlockSize}`;
  const blocks = `sub-blocks of ${smallBlockSize} in blocks of ${blockLength}`;
  return decodeMode === "greedy" ? `greedy, ${blocks}` : `${decodeMode}, threshold ${threshold}, ${blocks}`;
}

/** @param seconds from the start of loading to the model being ready */
export function banner(version: string, info: ModelInfo, url: string, seconds: number): string {
  const kv = showBytes(info.backend.kvBytes);
  const rows = [
    [
      "model",
      `${info.id}: ${info.architecture}, ${info.attention}, ${showCount(info.parameters)} parameters, ${info.weightType}, ${showBytes(info.bytes)}`,
    ],
    ["backend", describeBackend(info)],
    ["context", `${info.contextLength} tokens, up to ${info.maxSequences} requests at a time`],
    ["K/V", `${info.kvPages} pages of ${pageSize} tokens, ${kv} (--kv-memory)`],
    ["decoding", describeDecoding(info)],
    ["serving", `${url}/v1, ready after ${seconds.toFixed(1)} s`],
  ];
  const lines = rows.map(([name, text]) => `  ${name.padEnd(9)} ${text}`);
  const curl = [`  curl ${url}/v1/chat/completions -H 'content-type: application/json' \\`, `    -d '${example}'`];
  return `\nunmask ${version}\n\n${lines.join("\n")}\n\n${curl.join("\n")}\n\n  Ctrl-C stops.\n\n`;
}
