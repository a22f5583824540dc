// What a step of a phase is done with: learning rates, weight decay, quantisation.

import type { Phase, TrainConfig } from "./config.js";
import type { UpdateOptions } from "./types.js";

/** Share of the peak rate at a step (from 0): warm-up, then decay to final_rate. */
export function rateShare({ steps, rate_steps, warmup, decay, final_rate: final }: Phase, step: number): number {
  if (step < warmup) return (step + 1) / warmup;
  const progress = (step - warmup) / Math.max(1, (rate_steps ?? steps) - warmup);
  if (decay === "constant") return 1;
  if (decay === "linear") return 1 - (1 - final) * progress;
  return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** From `from` to `to` over the first steps of the phase. */
export function quantisationAt({ quantisation: { from, to, steps } }: Phase, step: number): number {
  return step >= steps ? to : from + (to - from) * (step / steps);
}

export function updateOptions(phase: Phase, optimizer: TrainConfig["optimizer"], step: number): UpdateOptions {
  const share = rateShare(phase, step);
  return {
    ...optimizer,
    matrixRate: share * phase.matrix_rate,
    otherRate: share * phase.other_rate,
    weightDecay: step < phase.weight_decay_share * phase.steps ? phase.weight_decay : 0,
  };
}
