// Generated results replace generated results, and nothing else.

import { expect, it } from "vitest";
import { placeResults } from "../../src/eval/document.js";

const forms = { short: "| short |\n", full: "| full |\n" };
const other = { short: "| 2 |\n", full: "| two |\n" };

it("the short form goes between its comments, over and over", () => {
  const once = placeResults("# T\n\n<!-- results -->\n\n## More\n", forms)!;
  expect(once).toBe("# T\n\n<!-- results -->\n| short |\n<!-- /results -->\n\n## More\n");
  expect(placeResults(once, other)).toBe(once.replace("| short |", "| 2 |"));
});

it("the full form goes between the others", () => {
  const once = placeResults("# T\nprose\n<!-- results: full -->\nmore prose\n", forms)!;
  expect(once).toBe("# T\nprose\n<!-- results: full -->\n| full |\n<!-- /results -->\nmore prose\n");
  expect(placeResults(once, other)).toBe(once.replace("| full |", "| two |"));
});

it("a document may have several places, with and without an end", () => {
  const document = "a<!-- results -->b<!-- results: full -->old<!-- /results -->c<!-- results -->d";
  expect(placeResults(document, forms)).toBe(
    "a<!-- results -->\n| short |\n<!-- /results -->b<!-- results: full -->\n| full |\n<!-- /results -->c" +
      "<!-- results -->\n| short |\n<!-- /results -->d",
  );
});

it("results that look like a pattern stay what they are", () => {
  const odd = { short: "$& $1 `$`\n", full: "" };
  expect(placeResults("<!-- results -->", odd)).toBe("<!-- results -->\n$& $1 `$`\n<!-- /results -->");
});

it("a place is made in an empty document and missing in others", () => {
  const made = placeResults("", forms)!;
  expect(made).toContain("| full |");
  expect(placeResults(made, forms)).toBe(made);
  expect(placeResults(" \n", forms)).toBe(made);
  expect(placeResults("# T\n<!-- result -->\n", forms)).toBeNull();
});
