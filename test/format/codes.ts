// The deterministic code sequence that the published byte vectors use.

/** c[0..count): a linear congruential generator's high bits modulo 3. */
export function testCodes(count: number): Uint8Array {
  let x = 1n;
  return Uint8Array.from({ length: count }, () => {
    x = (1103515245n * x + 12345n) % 2n ** 31n;
    return Number((x >> 16n) % 3n);
  });
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** "a6 50" with any white space -> "a650". */
export function compact(text: string): string {
  return text.replaceAll(/\s/g, "");
}
