// Sessions end well: in worker threads, when the process exits, when nobody disposes of them;
// and what cannot be begun says why.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { serialize } from "node:v8";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createNative, nativeAvailable } from "../../src/backend/native.js";
import { packProgram } from "../../src/backend/native-program.js";
import { RequestPacker } from "../../src/backend/native-request.js";
import type { ModelFile } from "../../src/format/types.js";
import { ask } from "../backend/backends.js";
import { hp, options, program, smallModel } from "./models.js";

const native = nativeAvailable();
const script = fileURLToPath(new URL("session.mjs", import.meta.url));
const addon = fileURLToPath(
  new URL(`../../build/native/unmask-${process.platform}-${process.arch}.node`, import.meta.url),
);

const tokens = Array.from({ length: 256 }, (_, i) => (i * 7) % hp.vocabulary);
const pages = [0, 1, 2, 3, 4, 5, 6, 7];
const span = {
  tokens,
  position: 0,
  visibility: "block",
  keyEnd: 256,
  pages,
  head: ask([200, 255], { logits: false }),
} as const;

it.runIf(existsSync(addon))("an addon that was built can be loaded", () => {
  expect(native).toMatchObject({ ok: true });
});

describe.runIf(native.ok)("lifetime of the native backend", () => {
  let file: ModelFile;
  let folder: string;
  let given: Record<string, unknown>;

  beforeAll(async () => {
    file = await smallModel("I2_S");
    folder = await mkdtemp(join(tmpdir(), "unmask-test-"));
    const packer = new RequestPacker();
    packer.pack([span]);
    const config = { ...packProgram(program, file), path: file.path, isa: "", threads: 2, ...options };
    given = { addon, config, ints: packer.ints, reals: packer.reals, words: 8 };
  });
  afterAll(async () => {
    await file.close();
    await rm(folder, { recursive: true });
  });

  async function inProcess(ending: string, flags: string[] = []): Promise<string> {
    const path = join(folder, ending);
    await writeFile(path, serialize({ ...given, ending }));
    // Rejects on any exit code or signal but a clean end.
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, path]);
    return stdout.trim();
  }

  function inWorker(ending: string): Worker {
    return new Worker(script, { workerData: { ...given, ending } });
  }

  const message = (worker: Worker) => new Promise<string>((resolve) => worker.once("message", resolve));

  it("answers in several worker threads at once as it does here", async () => {
    const backend = await createNative(program, file, options);
    const [answer] = await backend.forward([span]);
    await backend.dispose();
    const { token, probability, logprob, entropy } = answer!;
    const words = Buffer.concat(
      [token, probability, logprob, entropy].map((part) => new Uint8Array(part.slice().buffer)),
    );
    const workers = [1, 2, 3].map(() => inWorker("orderly"));
    const ended = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    for (const text of await Promise.all(workers.map(message))) expect(text).toBe(words.toString("base64"));
    expect(await Promise.all(ended)).toEqual([0, 0, 0]);
  });

  it("survives worker threads that are terminated in the middle of a forward", async () => {
    for (let i = 0; i < 3; i++) {
      const worker = inWorker("endless");
      expect(await message(worker)).toBe("running");
      await worker.terminate();
    }
  });

  it("survives a process that exits in the middle of a forward", async () => {
    expect(await inProcess("exit")).toBe("exiting");
  });

  it("keeps no process alive by being idle", async () => {
    expect(await inProcess("idle")).toBe("idle");
  });

  it("is collected when nobody holds it", async () => {
    const said = await inProcess("dropped", ["--expose-gc"]);
    expect(Number(/^(-?\d+) threads more$/.exec(said)?.[1])).toBeLessThan(10); // the last may not be collected yet
  });

  it("leaves the event loop free in forwards that take long", async () => {
    const rows = 16 * tokens.length; // far from quick on any machine
    const backend = await createNative(program, file, { ...options, maxRows: rows });
    const spans = Array.from({ length: 16 }, (_, i) => ({ ...span, pages: pages.map((page) => 8 * i + page) }));
    let turns = 0;
    let running = true;
    const turn = () => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    let most = 0; // turns during one forward; one that blocks has a turn after it
    for (let forwards = 0; forwards < 50 && most < 5; forwards++) {
      const before = turns;
      await backend.forward(spans);
      most = Math.max(most, turns - before);
    }
    running = false;
    expect(most).toBeGreaterThanOrEqual(5);
    await backend.dispose();
  });

  it("holds several models at once", async () => {
    const backends = await Promise.all(
      [1, 2, 3].map((threads) => createNative(program, file, { ...options, threads })),
    );
    const answers = await Promise.all(backends.map((backend) => backend.forward([span])));
    for (const [answer] of answers) expect(answer!.token).toEqual(answers[0][0]!.token);
    await Promise.all(backends.map((backend) => backend.dispose()));
  });

  it("reports the progress of loading and what it holds", async () => {
    const seen: number[][] = [];
    const onProgress = (done: number, total: number) => seen.push([done, total]);
    const backend = await createNative(program, file, { ...options, threads: 2, onProgress });
    const ternaryBytes = hp.layers * (2 * 256 * 256 + 2 * 256 * 128 + 3 * 256 * 512) * 0.25;
    expect(seen.at(-1)).toEqual([ternaryBytes, ternaryBytes]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
    expect(backend.info).toMatchObject({ kind: "native", threads: 2 });
    expect(backend.info.weightBytes).toBeGreaterThan(ternaryBytes);
    await backend.dispose();
  });

  it("lets the event loop go on between forwards that are done in the call", async () => {
    const backend = await createNative(program, file, options);
    let turns = 0;
    let done = false;
    const turn = () => {
      turns++;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    for (let forwards = 0; forwards < 200; forwards++) await backend.forward([span]);
    done = true;
    expect(turns).toBeGreaterThan(20);
    await backend.dispose();
  });

  it("says where the time of its forwards went", async () => {
    const backend = await createNative(program, file, { ...options, threads: 2 });
    backend.profile();
    await backend.forward([span]);
    const { stages, runMs } = backend.profile();
    const products = stages.filter(({ kind }) => kind === "matmul");
    expect(products.map(({ weights }) => weights.length)).toEqual([3, 1, 2, 1, 3, 1, 2, 1]);
    expect(products[6].weights).toEqual(["blk.1.ffn_gate.weight", "blk.1.ffn_up.weight"]);
    expect(stages.map(({ asked }) => asked).lastIndexOf(false)).toBeLessThan(stages.length - 4);
    for (const { busy } of stages) expect(Math.max(...busy)).toBeGreaterThan(0);
    for (const thread of [0, 1]) {
      expect(stages.reduce((sum, { busy }) => sum + busy[thread], 0)).toBeLessThan(runMs);
    }
    await backend.dispose();
  });

  describe("what cannot be begun", () => {
    afterEach(() => {
      vi.unstubAllEnvs();
      vi.doUnmock("node:fs");
      vi.resetModules();
    });

    it("an unknown instruction set, from the options or the environment", async () => {
      const refused = { code: "config_invalid", message: expect.stringContaining("'sse9'") };
      await expect(createNative(program, file, { ...options, isa: "sse9" })).rejects.toMatchObject(refused);
      vi.stubEnv("UNMASK_ISA", "sse9");
      await expect(createNative(program, file, options)).rejects.toMatchObject(refused);
      vi.stubEnv("UNMASK_ISA", "scalar");
      const backend = await createNative(program, file, options);
      expect(backend.info.isa).toBe("scalar");
      await backend.dispose();
    });

    it("a file that has gone, is cut short, or misses a tensor", async () => {
      const gone = { ...file, path: join(folder, "gone.gguf") };
      await expect(createNative(program, gone, options)).rejects.toMatchObject({ code: "file_not_found" });
      const short = { ...file, path: join(folder, "short.gguf") };
      await writeFile(short.path, Buffer.alloc(1000));
      await expect(createNative(program, short, options)).rejects.toMatchObject({ code: "gguf_invalid" });
      const missing = new Map([...file.tensors].slice(1));
      await expect(createNative(program, { ...file, tensors: missing }, options)).rejects.toMatchObject({
        code: "tensor_missing",
      });
    });

    it("more memory than there is", async () => {
      await expect(createNative(program, file, { ...options, pages: 2 ** 30 })).rejects.toMatchObject({
        code: "out_of_memory",
      });
    });

    it("an addon that is not built: says with which command", async () => {
      vi.resetModules();
      vi.doMock("node:fs", async (original) => ({
        ...(await original<typeof import("node:fs")>()),
        existsSync: () => false,
      }));
      const without = await import("../../src/backend/native.js");
      expect(without.nativeAvailable()).toEqual({ ok: false, reason: expect.stringContaining("npm run build:native") });
      await expect(without.createNative(program, file, options)).rejects.toMatchObject({ code: "native_unavailable" });
    });
  });

  it("refuses requests packed wrongly without crashing", async () => {
    const raw = createRequire(import.meta.url)(addon);
    const session = raw.create(given.config);
    await raw.load(session, () => {});
    const { ints, reals } = given as { ints: Int32Array; reals: Float64Array };
    const answers = new Int32Array(8);
    expect(() => raw.forward(session, ints.subarray(0, 50), reals, answers, null)).toThrow("packed wrongly");
    expect(() => raw.forward(session, ints, reals, answers.subarray(1), null)).toThrow("too short");
    expect(() => raw.forward(session, ints, new Float64Array(0), answers, null)).toThrow("packed wrongly");
    expect(() => raw.forward(session, "ints", reals, answers, null)).toThrow();
    expect(() => raw.forward(session, ints, reals)).toThrow("too few arguments");
    expect(() => raw.forward({}, ints, reals, answers, null)).toThrow();
    const running = raw.forward(session, ints, reals, answers, null);
    expect(() => raw.forward(session, ints, reals, answers, null)).toThrow("before the last one ended");
    expect(() => raw.unload(session)).toThrow("busy");
    await running;
    await raw.unload(session);
    expect(() => raw.forward(session, ints, reals, answers, null)).toThrow("disposed");
  });
});
