// Surroundings without a process: streams that remember, and a model that says what it is told to.

import { PassThrough } from "node:stream";
import { describeFailure } from "../../src/cli/failure.js";
import { buildProgram } from "../../src/cli/program.js";
import type { Output, Surroundings } from "../../src/cli/surroundings.js";
import type {
  GenerateEvent,
  GenerateInput,
  GenerateOptions,
  LoadOptions,
  Model,
  ModelInfo,
} from "../../src/engine/types.js";
import { UnmaskError } from "../../src/util/errors.js";

export interface Capture extends Output {
  text: string;
}

export function capture(terminal = false): Capture {
  const stream = new PassThrough() as unknown as Capture;
  stream.text = "";
  (stream as unknown as PassThrough).on("data", (chunk) => {
    stream.text += chunk;
  });
  stream.isTTY = terminal;
  stream.columns = 40;
  stream.rows = 24;
  return stream;
}

export const modelInfo: ModelInfo = {
  id: "tiny",
  name: "Tiny",
  path: "/models/tiny.gguf",
  bytes: 2 ** 21,
  architecture: "bitnet",
  attention: "context-causal",
  blockLength: 32,
  maskToken: 1023,
  contextLength: 128,
  vocabulary: 1024,
  parameters: 5_000_000,
  weightType: "I2_S",
  weights: "0123",
  head: { type: "F16", stored: "F16" },
  backend: { kind: "native", isa: "avx2", threads: 2, weightBytes: 0, kvBytes: 3 * 2 ** 20 },
  decodeModes: ["adaptive", "iterative", "greedy", "verified", "autoregressive"],
  kvPages: 80,
  maxSequences: 16,
  defaults: { decodeMode: "adaptive", threshold: 0.9, smallBlockSize: 8, dualCache: "shifted", maxTokens: 256 },
};

export function finish(tokens: number, forwards = 4): GenerateEvent {
  return {
    type: "finish",
    reason: "stop",
    usage: { promptTokens: 7, cachedTokens: 2, completionTokens: tokens },
    timings: {
      promptN: 5,
      promptMs: 2,
      promptForwards: 1,
      predictedN: tokens,
      predictedMs: 10,
      forwards,
      rows: 3 * forwards,
    },
    seed: 42,
  };
}

export function text(said: string): GenerateEvent {
  return { type: "text", text: said, tokens: [1], logprobs: null };
}

export interface Call {
  input: GenerateInput;
  options: GenerateOptions;
}

export class FakeModel {
  readonly calls: Call[] = [];
  readonly loads: { path: string; options: LoadOptions }[] = [];
  disposed = 0;
  info: ModelInfo = modelInfo;
  /** What it answers; "hang" waits for the signal after the first words. */
  answer: (call: Call) => (GenerateEvent | "hang" | Error)[] = () => [text("2 + 2 "), text("equals 4."), finish(8)];

  async *generate(input: GenerateInput, options: GenerateOptions = {}): AsyncGenerator<GenerateEvent, void, void> {
    const call = { input, options };
    this.calls.push(call);
    const aborted = new UnmaskError("aborted", "The request was aborted by its caller.");
    for (const event of this.answer(call)) {
      await new Promise((resolve) => setImmediate(resolve));
      if (event instanceof Error) throw event;
      if (event === "hang") {
        if (!options.signal?.aborted) {
          await new Promise((resolve) => options.signal?.addEventListener("abort", resolve, { once: true }));
        }
        throw aborted;
      }
      yield event;
    }
  }

  async dispose(): Promise<void> {
    this.disposed++;
  }

  asModel(path: string, options: LoadOptions): Model {
    this.loads.push({ path, options });
    return this as unknown as Model;
  }
}

export interface Stage extends Surroundings {
  stdin: PassThrough & { isTTY?: boolean };
  stdout: Capture;
  stderr: Capture;
  model: FakeModel;
  /** Presses Ctrl-C. */
  interrupt(): void;
  /** Runs a command line; resolves to the exit code. */
  run(...argv: string[]): Promise<number>;
}

export function stage(environment: Record<string, string> = {}): Stage {
  const model = new FakeModel();
  const listening = new Set<() => void>();
  const surroundings: Stage = {
    stdin: new PassThrough(),
    stdout: capture(),
    stderr: capture(),
    environment,
    model,
    loadModel: async (path, options) => model.asModel(path, options),
    onInterrupt: (heard) => {
      listening.add(heard);
      return () => listening.delete(heard);
    },
    interrupt: () => {
      if (listening.size === 0) throw new Error("nobody listens for Ctrl-C");
      for (const heard of listening) heard();
    },
    run: async (...argv) => {
      try {
        await buildProgram(surroundings).parseAsync(argv, { from: "user" });
        return 0;
      } catch (error) {
        const failure = describeFailure(error);
        surroundings.stderr.write(failure.text);
        return failure.exitCode;
      }
    },
  };
  return surroundings;
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
