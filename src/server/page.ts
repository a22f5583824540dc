// GET / where the page (site.ts) was not built: says what this address is and how to ask it something.

import type { ModelInfo } from "../engine/types.js";

/** @param info null while the model loads. @param base the address as the client wrote it. */
export function page(info: ModelInfo | null, base: string): string {
  const model = info === null ? "The model is being loaded." : `It serves <b>${escapeHtml(info.id)}</b>.`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>unmask</title>
<style>body { font: 16px/1.5 system-ui; max-width: 44rem; margin: 3rem auto; padding: 0 1rem } pre { overflow-x: auto }</style>
<h1>unmask</h1>
<p>An OpenAI-compatible server for block-diffusion and ternary language models. ${model}</p>
<pre>curl ${escapeHtml(base)}/v1/chat/completions -H 'content-type: application/json' \\
  -d '{"messages":[{"role":"user","content":"What is 2+2?"}],"max_tokens":50}'</pre>
<p><a href="/v1/models">/v1/models</a> <a href="/health">/health</a> <a href="/metrics">/metrics</a></p>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
