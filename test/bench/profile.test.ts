// From stages of the native plan to a table of operations, and from marks to what lies between forwards.

import { describe, expect, it } from "vitest";
import type { NativeBackend, StageTime } from "../../src/backend/native.js";
import type { Backend, Span } from "../../src/backend/types.js";
import { forwardCases } from "../../src/bench/forwards.js";
import { hyperParametersOf, presets } from "../../src/bench/presets.js";
import {
  ClockedBackend,
  canProfile,
  operationTimes,
  profileForward,
  slowestThread,
  stepTimes,
} from "../../src/bench/profile.js";
import { sumOfWork, workOfForward } from "../../src/bench/work.js";
import type { TensorInfo } from "../../src/format/types.js";
import { buildProgram } from "../../src/model/program.js";
import { modelInfo } from "../cli/fakes.js";
import { tinyShape } from "./tiny-model.js";

const hp = hyperParametersOf("t", { ...presets["smollm2-135m"], ...tinyShape, layers: 2 }, 999);
const { program, roles } = buildProgram(hp);
const tensors = new Map<string, TensorInfo>(
  roles.map(({ name, shape, kind }) => {
    const type = kind === "vector" ? "F32" : name.startsWith("blk.") ? "Q2_0" : "F16";
    return [name, { name, type, shape, offset: 0, bytes: 2 * shape.reduce((a, b) => a * b, 1) }];
  }),
);
const facts = { attention: "context-causal", blockLength: 32, shift: true, maskToken: 999 } as const;
const subject = { facts, info: { ...modelInfo, contextLength: 160, vocabulary: 1000 }, maxRows: 256 };
const denoise = forwardCases(subject).find(({ name }) => name.endsWith("head of 1 row"))!;
const spans = denoise.forwards[0];

/** Two layers as a plan would run them; each stage takes 1 ms on the first thread and 2 on the second. */
function stages(): StageTime[] {
  const stage = (kind: StageTime["kind"], ...weights: string[]): StageTime => ({
    kind,
    asked: false,
    weights,
    busy: [1, 2],
  });
  const layer = (n: number) => {
    const own = (...names: string[]) => names.map((name) => `blk.${n}.${name}.weight`);
    return [
      stage("rows", ...own("attn_norm")),
      stage("matmul", ...own("attn_q", "attn_k", "attn_v")),
      stage("attend"),
      stage("matmul", ...own("attn_output")),
      stage("rows", ...own("ffn_norm")),
      stage("matmul", ...own("ffn_gate", "ffn_up")),
      stage("matmul", ...own("ffn_down")),
    ];
  };
  return [...layer(0), ...layer(1), stage("head", "token_embd.weight"), stage("finish")];
}

describe("operations", () => {
  const operations = operationTimes(stages(), 4, { program, tensors }, spans);
  const find = (name: string) => operations.find((operation) => operation.name === name)!;

  it("are those of all layers together, timed by the slowest thread, per forward", () => {
    expect(find("matmul ffn_gate ffn_up")).toMatchObject({ calls: 2, ms: 1 });
    expect(find("head token_embd")).toMatchObject({ calls: 1, ms: 0.5 });
    expect(operations.map(({ ms }) => ms)).toEqual([...operations.map(({ ms }) => ms)].sort((a, b) => b - a));
  });

  it("do together what the forward does", () => {
    expect(sumOfWork(operations.map(({ work }) => work))).toEqual(workOfForward(program, tensors, spans));
    expect(find("attend").work.floatOps).toBeGreaterThan(0);
    expect(find("rows attn_norm").work).toEqual({ int8Ops: 0, floatOps: 0, bytes: 0 });
  });
});

const stage = (...busy: number[]): StageTime => ({ kind: "rows", asked: false, weights: [], busy });

it("the slowest thread is the one with the greatest sum, not the sum of the slowest", () => {
  expect(slowestThread([stage(3, 1), stage(1, 4)])).toBe(5);
  expect(slowestThread([])).toBe(0);
});

it("a profile leaves out what ran before it", async () => {
  const log: string[] = [];
  const backend = {
    info: modelInfo.backend,
    forward: async (spans: readonly Span[]) => {
      log.push("forward");
      return spans.map(() => null);
    },
    profile: () => {
      log.push("profile");
      return { stages: stages(), runMs: 40 };
    },
    dispose: async () => {},
  } as NativeBackend;
  const profile = await profileForward(backend, { program, tensors }, { name: "x", spans, times: 4 });
  const forwards = new Array(4).fill("forward");
  expect(log).toEqual([...forwards, "profile", ...forwards, "profile"]);
  expect(profile.kernelMs).toBe((16 * 2) / 4);
  expect(profile.runMs).toBe(10);
  expect(canProfile(backend)).toBe(true);
  expect(canProfile(new ClockedBackend(backend))).toBe(false);
});

describe("between forwards", () => {
  it("every microsecond is somewhere", () => {
    const answers = [
      [
        { asked: 10, answered: 20 },
        { asked: 22, answered: 30 },
      ],
      [
        { asked: 100, answered: 104 },
        { asked: 106, answered: 110 },
      ],
    ];
    const { name, ...times } = stepTimes("x", answers, { stages: [stage(7, 4), stage(5, 5)], runMs: 16 });
    expect(times).toEqual({ forwards: 4, kernels: 3000, waiting: 1000, handOver: 2500, between: 2000 });
    const { kernels, waiting, handOver, between } = times;
    expect(4 * (kernels + waiting + handOver) + 2 * between).toBe(1000 * (30 - 10 + (110 - 100)));
  });

  it("a clocked backend answers as the one it wraps", async () => {
    const predictions = [null];
    const inner = {
      info: modelInfo.backend,
      forward: async () => predictions,
      dispose: async () => {},
    } as unknown as Backend;
    const clocked = new ClockedBackend(inner);
    expect(await clocked.forward(spans)).toBe(predictions);
    expect(clocked.marks).toHaveLength(1);
    const { asked, answered } = clocked.marks[0];
    expect(asked).toBeLessThanOrEqual(answered);
  });
});
