/** The shade of a confidence, for cells: differences near certainty are the ones that matter. */
export function tint(probability: number): Record<string, string> {
  return { "--tint": `${Math.round(6 + 44 * probability ** 4)}%` };
}
