// loadModel's `head`, on the default model.

import { describe, expect, it } from "vitest";
import { type HeadType, headTypes } from "../../src/backend/types.js";
import type { DecodeMode } from "../../src/decode/types.js";
import { unmaskError } from "../format/files.js";
import { heldOut, loadDefault } from "./default-model.js";
import { answer } from "./fold.js";

describe("a requantised head", () => {
  it.each(headTypes)("%s is named and still answers", async (head) => {
    const lines: string[] = [];
    const model = await loadDefault({ head, log: (_, line) => lines.push(line) });
    expect(model.info.head).toEqual({ type: head.toUpperCase(), stored: "F16" });
    expect(lines).toContain(`requantising the head from F16 to ${head.toUpperCase()}`);
    expect((await answer(model, "What is 2+2?", { maxTokens: 50 })).text).toBe("2 + 2 equals 4.");
    await model.dispose();
  });

  it("keeps verified equal to autoregressive", { timeout: 60_000 }, async () => {
    const model = await loadDefault({ head: "q4_0" });
    const questions = heldOut(40);
    const ask = (decodeMode: DecodeMode) =>
      Promise.all(questions.map(({ question }) => answer(model, question, { decodeMode, maxTokens: 64 })));
    const [verified, autoregressive] = [await ask("verified"), await ask("autoregressive")];
    expect(verified.map(({ tokens }) => tokens)).toEqual(autoregressive.map(({ tokens }) => tokens));
    await model.dispose();
  });

  it("is off unless asked for, and refused when unknown", async () => {
    const model = await loadDefault();
    expect(model.info.head).toEqual({ type: "F16", stored: "F16" });
    await model.dispose();
    const refused = await loadDefault({ head: "Q8_0" as HeadType }).catch((error: unknown) => error);
    expect(refused).toEqual(unmaskError("invalid_request", '"Q8_0"', "q8_0, q6_k, q4_0"));
  });
});
