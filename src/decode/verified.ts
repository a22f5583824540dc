// Verified decoding for context-causal models: drafts by diffusion, checks under the causal mask,
// and so returns exactly what autoregressive decoding returns, sampled or not.
//
// One token is always pending: sure, but its row has not run. At first that is the prompt's last, with the rows of the
// prompt before it that have not run. A pass runs the pending token and the drafts behind it as causal rows, whose
// predictions say which drafts were right; the first prediction that no draft matches settles too, and is the next
// pending token. Behind them it may run a window of masks, which see each other and everything before them: should all
// drafts be right, theirs are the next drafts. Everything is written in place: K/V of masks and of rejected drafts lie
// beyond `committed` and are overwritten. All rows draw position by position the same random numbers as autoregressive
// decoding does, so a draft decides only how much is gained.

import type { Predictions } from "../backend/types.js";
import { everyDraw } from "./autoregressive.js";
import type { Canvas } from "./canvas.js";
import type { Machine } from "./decoder.js";
import { ask, fillBlocks, type Request, Rounds, readToken } from "./head.js";
import type { Denoised, SpanRequest } from "./types.js";

/** Drafts are checked as far as the product of their confidences stays above this: a row more costs little. */
const draftBound = 0.1;
/** Above this it is likely enough that all drafts are right, and the next window goes along with them. */
const sureBound = 0.7;
/** Rows of a window beyond the right drafts of the one before it, where that was wrong somewhere. */
const hope = 3;
/** Most single steps between drafts that do not pay. */
const longestPause = 32;

export class Verified implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;
  readonly #maskToken: number;
  readonly #rounds = new Rounds();
  #width: number; // most rows of the next window
  #drafts: number[] = []; // to be checked by the next span
  #sure = 0; // product of their confidences
  #pause = 0; // single steps before the next window
  #nextPause = 1;

  constructor(canvas: Canvas, request: Request, maskToken: number) {
    this.#canvas = canvas;
    this.#request = request;
    this.#maskToken = maskToken;
    this.#width = request.options.subBlock;
  }

  get ahead(): number {
    return this.#request.options.subBlock;
  }

  next(): SpanRequest {
    const { prompt, committed } = this.#canvas;
    const pending = Math.max(committed, prompt.length - 1);
    const known = [...this.#canvas.tokens(committed, pending + 1, this.#maskToken), ...this.#drafts];
    const masks = this.#masks(known.length);
    const tokens = [...known, ...Array<number>(masks).fill(this.#maskToken)];
    return {
      phase: this.#drafts.length > 0 ? "verify" : masks > 0 ? "denoise" : "step",
      tokens,
      position: committed,
      visibility: "all",
      causalRows: known.length,
      keyEnd: committed + tokens.length,
      target: "committed",
      head: ask(this.#request, [...tokens.keys()].slice(pending - committed), everyDraw),
    };
  }

  accept(span: SpanRequest, predictions: Predictions): Denoised[] {
    const drafted = this.#drafts.length;
    let accepted = 0;
    while (accepted < drafted && this.#drafts[accepted] === predictions.token[accepted]) accepted++;
    if (drafted > 0) this.#adapt(accepted);
    else this.#pause = Math.max(0, this.#pause - 1);
    this.#drafts = [];
    if (accepted === drafted) this.#take(predictions, drafted + 1);
    const first = span.position + span.tokens.length - predictions.token.length + 1; // that was predicted
    this.#canvas.committed = first + accepted;
    const settled = Array.from({ length: accepted + 1 }, (_, i) => readToken(predictions, i, first + i));
    return fillBlocks(this.#canvas, this.#request, settled, this.#rounds, span.tokens.length);
  }

  /** Rows of a window behind `known` rows. Its drafts end at the token before the last. */
  #masks(known: number): number {
    if (this.#drafts.length > 0 ? this.#sure < sureBound : this.#pause > 0) return 0;
    const { prompt, committed } = this.#canvas;
    const most = prompt.length + this.#request.options.maxTokens - 2 - committed - known;
    return Math.max(0, Math.min(this.#width, most));
  }

  /** The window's drafts, from entry `first` of the predictions on, as far as they are worth checking. */
  #take({ token, probability }: Predictions, first: number): void {
    this.#sure = 1;
    for (let i = first; i < token.length; i++) {
      const sure = this.#sure * probability[i];
      if (i > first && !(sure > draftBound)) return;
      this.#drafts.push(token[i]);
      this.#sure = sure;
    }
  }

  /**
   * The next window is a little longer than what was right in this one, or whole if all was. After drafts that did not
   * pay come some single steps: 1, 2, 4, ... up to 32, until some pay again.
   */
  #adapt(accepted: number): void {
    const { subBlock } = this.#request.options;
    this.#width = accepted === this.#drafts.length ? subBlock : Math.min(accepted + hope, subBlock);
    if (accepted >= worthwhile(this.#drafts.length)) {
      this.#nextPause = 1;
    } else {
      this.#pause = this.#nextPause;
      this.#nextPause = Math.min(2 * this.#nextPause, longestPause);
    }
  }
}

/** Right drafts that pay for so many: 8 rows cost about as much as one or two single rows. */
function worthwhile(drafts: number): number {
  return Math.ceil(drafts / 8);
}
