// What tests of the objective start from: blocks with random masks and nothing else.

import type { ObjectiveOptions } from "../../src/train/objective.js";

export const plainNoise: Omit<ObjectiveOptions, "attention" | "blockLength" | "maskToken"> = {
  nextTokenShare: 0,
  fullMaskShare: 0,
  subBlockShare: 0,
  subBlock: 4,
  subBlockCopies: 1,
  wholeSubBlockShare: 0,
  windowShare: 0,
  windowCopies: 1,
  wholeWindowShare: 1,
  aheadWeight: 1,
  cleanWeight: 0.5,
  padding: null,
};
