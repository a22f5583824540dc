// The training loop: phases one after another, each step a batch of examples, with a log, checkpoints
// and a guard against losses that are not numbers.
//
// Everything a step does follows from the configuration, the seed and the place in the run, so a run
// that is interrupted and resumed gives the same bits as one that is not.

import { performance } from "node:perf_hooks";
import { UnmaskError } from "../util/errors.js";
import { loadNewest, type Place, saveCheckpoint } from "./checkpoint.js";
import type { Phase, TrainConfig } from "./config.js";
import type { ExampleStream } from "./examples.js";
import { type LogRecord, TrainingLog } from "./log.js";
import { batchOf, type ObjectiveOptions, type Rows, rowsOf, targetCount } from "./objective.js";
import { quantisationAt, updateOptions } from "./schedule.js";
import { TernaryWatch } from "./statistics.js";
import type { Trainer } from "./types.js";

export interface RunOptions {
  config: TrainConfig;
  /** At its beginning. */
  stream: ExampleStream;
  /** Of data, tokenizer and what else must stay; a checkpoint made with others is refused. */
  identity: string;
  /** Called before the first step, when a checkpoint to go on from has been accepted. */
  onStart?: (() => Promise<void>) | undefined;
  /** Token that stands for a masked position, and the one that ends an answer. */
  maskToken: number;
  stopToken: number;
  checkpoints: string; // folder
  log: string; // file
  resume: boolean;
  /** End after this many steps in all. */
  stopAfter?: number | undefined;
  signal?: AbortSignal | undefined;
  onRecord?: ((record: LogRecord, place: Place) => void) | undefined;
  onStep?: ((place: Place) => void) | undefined;
  warn: (message: string) => void;
}

/**
 * Trains until the phases are over, `stopAfter` is reached or the signal is aborted; saves a checkpoint at the end.
 * @returns where it ended
 * @throws UnmaskError training_diverged, checkpoint_invalid, file_write_failed at the last checkpoint
 */
export async function train(trainer: Trainer, options: RunOptions): Promise<Place> {
  const { config, stream, checkpoints, warn } = options;
  const run = { seed: config.seed, identity: options.identity };
  const found = options.resume ? await loadNewest(checkpoints, trainer, warn) : null;
  if (found !== null && JSON.stringify(found.run) !== JSON.stringify(run)) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `The checkpoints in ${checkpoints} are of a run with another seed, other data, another tokenizer or another --objective. ` +
        "Resume with those it began with, or train into another folder (-o).",
      { param: "resume" },
    );
  }
  const place = found ?? { phase: 0, step: 0, total: 0, cursor: 0, run };
  const log = new TrainingLog(options.log, warn);
  await log.rewind(place.total);
  const meter = new Meter();
  const watch = new TernaryWatch();
  stream.cursor = place.cursor;
  let saved = { total: place.total, at: performance.now() };
  const save = async () => {
    await saveCheckpoint(checkpoints, trainer, place);
    saved = { total: place.total, at: performance.now() };
  };
  const trySaving = async () => {
    await save().catch((error) => {
      saved.at = performance.now(); // again when the next one is due
      warn(`${(error as Error).message} Training goes on; the checkpoint before is still there.`);
    });
  };
  if (found === null) await save(); // a folder that cannot hold one is found out before the work
  await options.onStart?.();
  const nextSequences = async (phase: Phase) => {
    try {
      return sequencesOf(stream, phase, place, options);
    } catch (error) {
      if (saved.total !== place.total) await save(); // bad data cost no work
      throw error;
    }
  };

  while (place.phase < config.phases.length) {
    const phase = config.phases[place.phase];
    while (place.step < phase.steps) {
      if (options.signal?.aborted || place.total >= (options.stopAfter ?? Number.POSITIVE_INFINITY)) {
        if (saved.total !== place.total) await save();
        return place;
      }
      const update = updateOptions(phase, config.optimizer, place.step);
      const quantisation = quantisationAt(phase, place.step);
      const start = performance.now();
      const sequences = await nextSequences(phase);
      const targets = sequences.reduce((sum, rows) => sum + targetCount(rows, config.diffusion.block_length), 0);
      const divisor = Math.max(1, targets); // there may be none but those that clean rows have on top
      for (const group of groupsOf(sequences, config.rows)) {
        const result = await trainer.accumulate(batchOf(group, divisor), quantisation);
        if (!Number.isFinite(result.loss))
          throw diverged(`the loss of step ${place.total + 1} is ${result.loss}`, options);
        meter.add(group, result);
      }
      const norm = await trainer.update(update);
      if (!Number.isFinite(norm)) throw diverged(`the gradient of step ${place.total + 1} is ${norm}`, options);
      meter.step(norm, (performance.now() - start) / 1000);
      place.step++;
      place.total++;
      place.cursor = stream.cursor;
      options.onStep?.(place);
      await new Promise(setImmediate); // lets Ctrl-C be heard, whatever the trainer

      const ended = place.step === phase.steps;
      if (ended || place.step % config.output.log_every === 0) {
        const { matrixRate, otherRate } = update;
        const rates = { matrixRate, otherRate, quantisation, examples: place.cursor };
        const record = meter.record({ step: place.total, phase: phase.name, phaseStep: place.step, ...rates });
        if (ended || place.step % config.output.statistics_every === 0) record.layers = watch.look(trainer);
        log.append(record);
        options.onRecord?.(record, place);
      }
      if (performance.now() - saved.at > 60_000 * config.output.checkpoint_minutes) await trySaving();
    }
    place.phase++;
    place.step = 0;
    if (place.phase < config.phases.length) await trySaving();
  }
  await save();
  return place;
}

/** After so many examples with nothing to learn, there is a mistake. */
const patience = 1000;

/** The rows of a step: as many sequences as its budget of tokens holds. */
function sequencesOf(stream: ExampleStream, phase: Phase, place: Place, options: RunOptions): Rows[] {
  const { config } = options;
  const objective = objectiveOf(phase, options);
  for (let number = 0; ; ) {
    const taken = stream.take(phase.batch, phase.length, phase.learn === "all");
    const rows = taken.map((sequence) => {
      return rowsOf(sequence, objective, { seed: config.seed, step: place.total, sequence: number++ });
    });
    const useful = rows.filter(({ tokens }) => tokens.length > 0);
    if (useful.length > 0) return useful;
    if (stream.cursor > place.cursor + patience) {
      throw new UnmaskError(
        "config_invalid",
        `Of ${patience} examples none has anything to learn in its first ${phase.length} tokens. Raise the length of phase "${phase.name}".`,
        { param: "phases" },
      );
    }
  }
}

export function objectiveOf(
  phase: Phase,
  { config, maskToken, stopToken }: Pick<RunOptions, "config" | "maskToken" | "stopToken">,
): ObjectiveOptions {
  const shares = { next_token: 1, mixed: phase.next_token_share, diffusion: 0 };
  return {
    nextTokenShare: shares[phase.objective],
    attention: config.diffusion.attention,
    blockLength: config.diffusion.block_length,
    maskToken,
    fullMaskShare: phase.full_mask_share,
    subBlockShare: phase.sub_block_share,
    subBlock: phase.sub_block,
    subBlockCopies: phase.sub_block_copies,
    wholeSubBlockShare: phase.whole_sub_block_share,
    windowShare: phase.window_share,
    windowCopies: phase.window_copies,
    wholeWindowShare: phase.whole_window_share,
    aheadWeight: phase.ahead_weight,
    cleanWeight: phase.clean_weight,
    padding: phase.padding === "stop" ? stopToken : null,
  };
}

/** Consecutive sequences of at most `most` rows together. */
export function groupsOf(sequences: readonly Rows[], most: number): Rows[][] {
  const groups: Rows[][] = [];
  let room = 0;
  for (const rows of sequences) {
    const { length } = rows.tokens;
    if (length > most) {
      throw new UnmaskError(
        "config_invalid",
        `A sequence has ${length} rows and \`rows\` is ${most}: the trainer takes a sequence at once. Raise it, or lower the length of the phase.`,
        { param: "rows" },
      );
    }
    if (length > room) {
      groups.push([]);
      room = most;
    }
    groups[groups.length - 1].push(rows);
    room -= length;
  }
  return groups;
}

function diverged(what: string, { checkpoints }: RunOptions): UnmaskError {
  return new UnmaskError(
    "training_diverged",
    `Training stopped: ${what}. The last good checkpoint is kept in ${checkpoints}. ` +
      "Lower the learning rates or clip more, and go on with --resume.",
  );
}

/** Sums between two lines of the log. */
class Meter {
  #sums = emptySums();

  add(group: readonly Rows[], result: { loss: number; losses: Float32Array; gemmFlops: number; gemmSeconds: number }) {
    const sums = this.#sums;
    sums.loss += result.loss;
    sums.flops += result.gemmFlops;
    sums.gemmSeconds += result.gemmSeconds;
    let at = 0;
    for (const { kinds, targets } of group) {
      for (const [r, kind] of kinds.entries()) {
        if (targets[r] >= 0) {
          const kindSums = kind === "noisy" ? sums.masked : sums.next;
          kindSums.count++;
          kindSums.loss += result.losses[at];
        }
        at++;
      }
    }
    sums.rows += at;
  }

  step(norm: number, seconds: number): void {
    this.#sums.steps++;
    this.#sums.norm = norm;
    this.#sums.seconds += seconds;
  }

  record(
    place: Pick<LogRecord, "step" | "phase" | "phaseStep" | "matrixRate" | "otherRate" | "quantisation" | "examples">,
  ): LogRecord {
    const { loss, steps, norm, seconds, next, masked, rows, flops, gemmSeconds } = this.#sums;
    this.#sums = emptySums();
    return {
      ...place,
      loss: loss / steps,
      nextLoss: next.count === 0 ? null : next.loss / next.count,
      maskedLoss: masked.count === 0 ? null : masked.loss / masked.count,
      gradientNorm: norm,
      rowsPerSecond: rows / seconds,
      gemmGflops: flops / gemmSeconds / 1e9,
      stepGflops: flops / seconds / 1e9,
      seconds,
    };
  }
}

function emptySums() {
  const kind = () => ({ loss: 0, count: 0 });
  return { loss: 0, steps: 0, norm: 0, seconds: 0, rows: 0, flops: 0, gemmSeconds: 0, next: kind(), masked: kind() };
}
