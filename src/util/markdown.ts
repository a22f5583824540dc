// Tables in Markdown.

/** @param columns how those after the first are set: numbers to the right */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: "numbers" | "text" = "numbers",
): string {
  const rule = head.map((_, i) => (i === 0 || columns === "text" ? "---" : "---:"));
  const lines = [head.map(cell), rule, ...rows.map((row) => row.map(cell))];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cell(text: string): string {
  return text.replace(/[|\\]/g, "\\$&").replace(/\s+/g, " ");
}
