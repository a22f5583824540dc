// The place of the model: empty while it loads, then full, or empty for good with the reason.

import type { Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";

export class ModelSlot {
  /** The model, or null while it loads or when that failed. */
  model: Model | null = null;
  /** When it was there, in seconds since 1970. */
  since = 0;
  #failure: UnmaskError | null = null;

  constructor(model: Model | Promise<Model>) {
    if (model instanceof Promise) model.then(this.#fill, this.#fail);
    else this.#fill(model);
  }

  /** @throws model_loading, or internal when loading failed. */
  get(): Model {
    if (this.model !== null) return this.model;
    throw this.#failure ?? new UnmaskError("model_loading", "The model is still being loaded. Try again in a moment.");
  }

  readonly #fill = (model: Model): void => {
    this.model = model;
    this.since = Math.floor(Date.now() / 1000);
  };

  readonly #fail = (cause: unknown): void => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new UnmaskError("internal", `The model could not be loaded: ${reason}`, { cause });
  };
}
