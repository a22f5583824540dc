// Converts a checkpoint made by a test and opens the result.

import { join } from "node:path";
import { afterEach } from "vitest";
import { type ConvertOptions, type ConvertReport, convert } from "../../src/convert/convert.js";
import { openGguf } from "../../src/format/gguf.js";
import { isTernary, type TernaryTensor, tensorToFloats, unpackTernary } from "../../src/format/tensors/index.js";
import type { MetadataValue, ModelFile } from "../../src/format/types.js";
import { temporaryFolder } from "../format/files.js";
import { type Checkpoint, save } from "./tiny-checkpoint.js";

export interface Converted {
  report: ConvertReport;
  file: ModelFile;
  key(name: string): MetadataValue | undefined;
  floats(tensor: string): Promise<Float32Array>;
  ternary(tensor: string): Promise<TernaryTensor>;
}

/** A function that converts; what it opened is closed after each test. */
export function converter(): (checkpoint: Checkpoint, options?: ConvertOptions, shards?: number) => Promise<Converted> {
  const folder = temporaryFolder();
  const open: ModelFile[] = [];
  let count = 0;
  afterEach(async () => {
    for (const file of open.splice(0)) await file.close();
  });
  return async (checkpoint, options = {}, shards = 1) => {
    const directory = await save(join(folder, `model-${count++}`), checkpoint, shards);
    const report = await convert(directory, `${directory}.gguf`, options);
    const file = await openGguf(report.path);
    open.push(file);
    const tensor = (name: string) => {
      const found = file.tensors.get(name);
      if (found === undefined) throw new Error(`there is no ${name}`);
      return found;
    };
    return {
      report,
      file,
      key: (name) => file.metadata.get(name),
      floats: async (name) => tensorToFloats(tensor(name).type, await file.read(tensor(name))),
      ternary: async (name) => {
        const { type } = tensor(name);
        if (!isTernary(type)) throw new Error(`${name} is ${type}`);
        return unpackTernary(type, await file.read(tensor(name)));
      },
    };
  };
}
