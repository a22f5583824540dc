// The digest that answers carry as their system_fingerprint: of the weights, not of the file.

import { copyFile, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadModel } from "../../src/engine/index.js";
import { openGguf } from "../../src/format/gguf.js";
import { systemFingerprint } from "../../src/server/models.js";
import { defaultModelPath } from "./default-model.js";

test("weights that differ have another fingerprint, a copy under another name has the same", async () => {
  const folder = await mkdtemp(join(tmpdir(), "unmask-"));
  try {
    const [copy, changed] = [join(folder, "copy.gguf"), join(folder, "changed.gguf")];
    await copyFile(defaultModelPath, copy);
    await copyFile(defaultModelPath, changed);
    const file = await openGguf(changed);
    const { offset } = file.tensors.get("blk.3.attn_norm.weight")!;
    await file.close();
    const handle = await open(changed, "r+");
    await handle.write(Uint8Array.of(1), 0, 1, offset + 8);
    await handle.close();
    const fingerprints: string[] = [];
    for (const path of [defaultModelPath, copy, changed]) {
      const model = await loadModel(path);
      fingerprints.push(systemFingerprint(model.info));
      await model.dispose();
    }
    expect(fingerprints[1]).toBe(fingerprints[0]);
    expect(fingerprints[2]).not.toBe(fingerprints[0]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
