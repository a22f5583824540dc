// What requantising the head costs and brings: its size, the time of one decoded token, and how
// often the most probable token stays what it was, over text that the model itself wrote.
//
// Each head is a model of its own, loaded anew in every turn, so that only one is in memory.

import { blockTypeOf, headInMemory, storedHead } from "../backend/head.js";
import { type HeadType, headTypes, pageSize, type Span } from "../backend/types.js";
import { EngineModel, type EngineParts } from "../engine/model.js";
import { fitsType } from "../format/tensor-types.js";
import type { ModelFile } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { forwardCandidate, forwardCases, headOf, randomTokens } from "./forwards.js";
import { inTurns, type RoundOptions } from "./rounds.js";
import { type Spread, spreadOf } from "./statistics.js";

export interface HeadResult {
  /** Null: as stored. */
  head: HeadType | null;
  /** Tensor type and bytes of the matrix. */
  type: string;
  bytes: number;
  /** One token decoded. */
  ms: Spread;
  /** Rows of text whose most probable token is that of the stored head, of `rows`. */
  same: number;
  rows: number;
}

type Loaded = EngineParts & { file: ModelFile };

/** A text of the model, and the rows whose predictions chose its tokens. */
interface Text {
  tokens: number[];
  rows: number[];
}

/**
 * @param open loads the model with a head; @param close gives it back
 * @throws aborted, and what loading throws
 */
export async function measureHeads(
  open: (head: HeadType | undefined) => Promise<Loaded>,
  close: (loaded: Loaded) => Promise<void>,
  turns: RoundOptions,
): Promise<HeadResult[]> {
  const within = async <T>(head: HeadType | undefined, body: (loaded: Loaded) => Promise<T>): Promise<T> => {
    const loaded = await open(head);
    try {
      return await body(loaded);
    } finally {
      await close(loaded);
    }
  };
  const { texts, expected, heads } = await within(undefined, async (loaded) => {
    const texts = await modelTexts(loaded, turns.signal);
    return { texts, expected: await choices(loaded, texts), heads: [undefined, ...fittingHeads(loaded)] };
  });
  const found = new Map<HeadType | undefined, Omit<HeadResult, "ms">>();
  const candidates = heads.map((head) => ({
    name: `decode with head ${head ?? "as stored"}`,
    run: () =>
      within(head, async (loaded) => {
        if (!found.has(head)) {
          const chosen = await choices(loaded, texts);
          const same = chosen.filter((token, i) => token === expected[i]).length;
          const { type, bytes } = headInMemory(headOfFile(loaded), head);
          found.set(head, { head: head ?? null, type, bytes, same, rows: expected.length });
        }
        const decode = forwardCases(loaded).find(({ name }) => name.startsWith("decode"))!;
        return await forwardCandidate(loaded.backend, decode).run();
      }),
  }));
  const samples = await inTurns(candidates, { ...turns, warmUp: 0 });
  return heads.map((head, i) => ({ ...found.get(head)!, ms: spreadOf(samples[i]) }));
}

function headOfFile({ program, file }: Loaded) {
  return storedHead(program, file.tensors)!;
}

/** Those that the rows are long enough for, and that differ from what is stored. */
function fittingHeads(loaded: Loaded): HeadType[] {
  const { type, shape } = headOfFile(loaded);
  return headTypes.filter((head) => blockTypeOf(head) !== type && fitsType(blockTypeOf(head), shape[0]));
}

const subjects = ["the sea", "numbers", "a small house", "music", "the night", "bread", "a long road", "winter"];
const newTokens = 48;

/** Some answers, drawn at temperature 1; of a model without a chat template, what follows any tokens. */
async function modelTexts(loaded: Loaded, signal?: AbortSignal): Promise<Text[]> {
  const model = new EngineModel(loaded);
  const { contextLength, vocabulary, decodeModes, defaults } = model.info;
  const decodeMode = decodeModes.includes("autoregressive") ? "autoregressive" : defaults.decodeMode;
  return await Promise.all(
    subjects.map(async (subject, seed) => {
      const prompt = promptOf(model, `Tell me about ${subject}.`) ?? randomTokens(8, vocabulary, seed);
      const room = Math.min(newTokens, contextLength - prompt.length, loaded.maxRows - prompt.length);
      const options = { decodeMode, temperature: 1, seed, maxTokens: room, ignoreStop: true, signal };
      const text: number[] = [];
      for await (const event of model.generate({ tokens: prompt }, options)) {
        if (event.type === "text") text.push(...event.tokens);
      }
      return { tokens: [...prompt, ...text], rows: text.map((_, i) => prompt.length - 1 + i) };
    }),
  );
}

function promptOf(model: EngineModel, content: string): number[] | null {
  try {
    const tokens = model.tokenize({ messages: [{ role: "user", content }] });
    return tokens.length + newTokens <= model.info.contextLength ? tokens : null;
  } catch (error) {
    if (error instanceof UnmaskError) return null;
    throw error;
  }
}

/** The most probable token of every row of the texts. */
async function choices({ backend, facts }: Loaded, texts: readonly Text[]): Promise<number[]> {
  const chosen: number[] = [];
  for (const { tokens, rows } of texts) {
    const span: Span = {
      tokens,
      position: 0,
      visibility: facts.attention === "block-causal" ? "block" : "causal",
      keyEnd: tokens.length,
      pages: Array.from({ length: Math.ceil(tokens.length / pageSize) }, (_, page) => page),
      head: headOf(rows),
    };
    const [predictions] = await backend.forward([span]);
    chosen.push(...predictions!.token);
  }
  return chosen;
}
