// `unmask serve --benchmark` and `unmask bench e2e`: one prompt again and again, and the report of it.

import {
  type EndToEndSettings,
  type EndToEndSummary,
  endToEnd,
  endToEndReport,
  summarise,
} from "../bench/end-to-end.js";
import type { Model } from "../engine/types.js";
import { cpuName } from "../util/identity.js";
import { describeBackend, describeDecoding } from "./banner.js";
import type { Output } from "./surroundings.js";

/** @throws aborted when the signal fires */
export async function benchmark(
  model: Model,
  settings: EndToEndSettings,
  stdout: Output,
  signal: AbortSignal,
): Promise<EndToEndSummary> {
  stdout.write(`\n  ${model.info.id}: ${describeBackend(model.info)}; ${describeDecoding(model.info)}\n`);
  stdout.write(`  ${cpuName()}\n`);
  stdout.write(`  ${JSON.stringify(settings.prompt)}, at most ${settings.maxTokens} tokens\n\n`);
  const summary = summarise(await endToEnd(model, settings, signal));
  stdout.write(`${endToEndReport(summary)}\n`);
  stdout.write("  Speed without quality says nothing: see `unmask eval`.\n\n");
  return summary;
}
