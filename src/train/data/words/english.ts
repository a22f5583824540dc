// The little English grammar that templates need.

/** "a cat", "an owl", "an hour" */
export function withArticle(word: string): string {
  return `${/^([aeiou]|hour)/i.test(word) ? "an" : "a"} ${word}`;
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "1 coin", "3 coins" */
export function counted(count: number, noun: readonly [one: string, many: string]): string {
  return `${count} ${count === 1 ? noun[0] : noun[1]}`;
}

/** "1 b, 2 e, 3 e" */
export function numbered(items: readonly string[]): string {
  return items.map((item, i) => `${i + 1} ${item}`).join(", ");
}

/** The parts of "a; b; c" over several lines. */
export function listed(text: string): string[] {
  return text
    .split(/[;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** The pairs of "a: b; c: d". */
export function paired(text: string): [string, string][] {
  return listed(text).map((part) => {
    const [left, right] = part.split(": ");
    return [left, right];
  });
}
