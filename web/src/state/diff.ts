// Where two texts differ, word by word: a longest common subsequence.

export interface Piece {
  text: string;
  /** Not in the other text. */
  differs: boolean;
}

/** Words with the blanks that follow them. */
function wordsOf(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

/** The words of `text`, with those marked that `reference` does not have in this order. */
export function differences(reference: string, text: string): Piece[] {
  const a = wordsOf(reference);
  const b = wordsOf(text);
  const same = (i: number, j: number) => a[i].trim() === b[j].trim();
  // common[i][j]: longest common subsequence of a[i..] and b[j..]
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = same(i, j) ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const pieces: Piece[] = [];
  const add = (word: string, differs: boolean) => {
    const last = pieces.at(-1);
    if (last?.differs === differs) last.text += word;
    else pieces.push({ text: word, differs });
  };
  for (let i = 0, j = 0; j < b.length; ) {
    if (i < a.length && same(i, j)) {
      add(b[j++], false);
      i++;
    } else if (i < a.length && common[i + 1][j] >= common[i][j + 1]) i++;
    else add(b[j++], true);
  }
  return pieces;
}
