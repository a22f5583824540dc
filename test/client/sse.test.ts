// The event parser against the rules of the format, however the stream is cut.

import fc from "fast-check";
import { expect, test } from "vitest";
import { EventParser, type ServerSentEvent, serverSentEvents } from "../../src/client/sse.js";

function parseAll(pieces: string[]): ServerSentEvent[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

const message = (data: string) => ({ event: "message", data });

test.each([
  ["data: a\n\n", [message("a")]],
  ["data:a\n\ndata:  b\n\n", [message("a"), message(" b")]],
  ["data: one\ndata: two\ndata\n\n", [message("one\ntwo\n")]],
  [": comment\n\n: another\ndata: x\nid: 3\nretry: 10\nnonsense\n\n", [message("x")]],
  ["event: error\ndata: {}\n\ndata: y\n\n", [{ event: "error", data: "{}" }, message("y")]],
  ["event: lonely\n\ndata: z\n\n", [message("z")]],
  ["error: {}\n\n", [{ event: "error", data: "{}" }]],
  ["data: cut off", []],
  ["data: cut off\n", []],
])("%j", (source, events) => {
  for (const end of ["\n", "\r", "\r\n"]) expect(parseAll([source.replaceAll("\n", end)])).toEqual(events);
});

const line = fc.string({ unit: fc.constantFrom("a", ":", " ", "é", "𝄞", "\uFEFF", "{", '"') });
const end = fc.constantFrom("\n", "\r", "\r\n");

test("bytes cut anywhere give the same events", async () => {
  const events = fc.array(fc.record({ lines: fc.array(line, { minLength: 1, maxLength: 3 }), comment: line, end }));
  await fc.assert(
    fc.asyncProperty(events, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), async (list, sizes) => {
      let source = "";
      for (const { lines, comment, end } of list) {
        source += `:${comment}${end}`;
        for (const text of lines) source += `data: ${text}${end}`;
        source += end;
      }
      const bytes = new TextEncoder().encode(source);
      async function* pieces() {
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value;
          yield bytes.subarray(at, at + size);
          at += size;
        }
      }
      const seen: ServerSentEvent[] = [];
      for await (const event of serverSentEvents(pieces())) seen.push(event);
      expect(seen).toEqual(list.map(({ lines }) => message(lines.join("\n"))));
    }),
    { numRuns: 300 },
  );
});

test("a byte order mark before the first line is no part of it", async () => {
  async function* body() {
    yield new TextEncoder().encode("\uFEFFdata: a\n\n");
  }
  const seen: ServerSentEvent[] = [];
  for await (const event of serverSentEvents(body())) seen.push(event);
  expect(seen).toEqual([message("a")]);
});
