// `unmask serve`: listens at once, loads the model, serves until it is told to stop.

import { existsSync, writeFileSync } from "node:fs";
import type { Logger } from "pino";
import type { LoadedConfig } from "../config/load.js";
import { writeYaml } from "../config/write.js";
import type { Model } from "../engine/types.js";
import { type RunningServer, startServer } from "../server/index.js";
import { UnmaskError } from "../util/errors.js";
import { banner } from "./banner.js";
import { benchmark } from "./benchmark.js";
import { createLogger } from "./log.js";
import { openModel } from "./model.js";
import type { Surroundings } from "./surroundings.js";
import { version } from "./version.js";

/** Prints the configuration that holds, or writes it to a file that does not exist yet. */
export function generateConfig({ config }: LoadedConfig, file: string | true, surroundings: Surroundings): void {
  if (file === true) {
    surroundings.stdout.write(writeYaml(config));
    return;
  }
  if (existsSync(file)) {
    const message = `${file} exists and is left as it is. Name another file, or move it away first.`;
    throw new UnmaskError("file_write_failed", message, { param: "generate-config" });
  }
  try {
    writeFileSync(file, writeYaml(config), { flag: "wx" });
  } catch (cause) {
    const message = `${file} cannot be written: ${(cause as Error).message}.`;
    throw new UnmaskError("file_write_failed", message, { param: "generate-config", cause });
  }
  surroundings.stderr.write(`Wrote ${file}. Use it with: unmask serve --config ${file}\n`);
}

/** Runs the server, or the benchmark when that is on, until it ends. */
export async function serve(loaded: LoadedConfig, surroundings: Surroundings): Promise<void> {
  const logger = createLogger(loaded.config, surroundings.stderr);
  for (const note of loaded.notes) logger.warn(note);
  const load = () => openModel(loaded.config, surroundings, (level, message) => logger[level](message));
  if (loaded.config.benchmark.enabled) await runBenchmark(loaded, load, surroundings);
  else await runServer(loaded, load, logger, surroundings);
}

async function runBenchmark(
  { config }: LoadedConfig,
  load: () => Promise<Model>,
  surroundings: Surroundings,
): Promise<void> {
  const model = await load();
  const stop = new AbortController();
  const release = surroundings.onInterrupt(() => stop.abort());
  try {
    const { iterations, prompt, max_tokens: maxTokens } = config.benchmark;
    await benchmark(model, { iterations, prompt, maxTokens }, surroundings.stdout, stop.signal);
  } finally {
    release();
    await model.dispose();
  }
}

async function runServer(
  { config }: LoadedConfig,
  load: () => Promise<Model>,
  logger: Logger,
  surroundings: Surroundings,
): Promise<void> {
  let release = () => {};
  const stopped = new Promise<void>((resolve) => {
    release = surroundings.onInterrupt(() => {
      logger.info("stopping; Ctrl-C again ends at once");
      resolve();
    });
  });
  const begun = performance.now();
  const loading = load();
  loading.catch(() => {}); // awaited below, after listening
  let server: RunningServer | null = null;
  try {
    server = await startServer({
      model: loading,
      host: config.host,
      port: config.port,
      apiKey: config.api_key ?? undefined,
      cors: config.cors_origins,
      logger,
    });
    const model = await Promise.race([loading, stopped]);
    if (model) {
      const seconds = (performance.now() - begun) / 1000;
      if (config.log_format === "json") logger.info({ url: server.url, seconds, ...model.info }, "serving");
      else surroundings.stdout.write(banner(version(), model.info, server.url, seconds));
      if (config.api_key === null && !isLocal(config.host)) {
        logger.warn(`anyone who reaches ${config.host} can use this server; --api-key makes it ask for a key`);
      }
      await stopped;
    }
  } finally {
    await server?.close();
    await loading.then(
      (model) => model.dispose(),
      () => {},
    );
    release();
  }
}

function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
