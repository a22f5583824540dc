// The places in documents where results stand: between two comments, of which the first says how much
// is wanted, <!-- results --> the short form, <!-- results: full --> everything; <!-- /results --> ends
// either. Nothing outside of them is ever touched.

export interface Forms {
  short: string;
  full: string;
}

const opening = /<!-- results(: full)? -->/;
const closing = "<!-- /results -->";

/**
 * A document with the results in all its places; a place whose end is missing ends where it begins.
 * An empty document becomes a place for everything. Null when there is none.
 */
export function placeResults(document: string, forms: Forms): string | null {
  if (document.trim() === "") return `<!-- results: full -->\n${forms.full}${closing}\n`;
  let [placed, rest] = ["", document];
  for (let found = opening.exec(rest); found !== null; found = opening.exec(rest)) {
    const after = found.index + found[0].length;
    const next = opening.exec(rest.slice(after));
    const end = rest.indexOf(closing, after);
    const ends = end >= 0 && (next === null || end < after + next.index);
    placed += `${rest.slice(0, after)}\n${found[1] === undefined ? forms.short : forms.full}${closing}`;
    rest = rest.slice(ends ? end + closing.length : after);
  }
  return placed === "" ? null : placed + rest;
}
