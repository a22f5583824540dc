// A parser of server-sent events, fed with text in pieces of any size.
//
// Follows the event stream format of the HTML standard (section 9.2.6): lines end with LF, CR
// or CRLF, wherever a piece is cut; comments and unknown fields are dropped; an event that
// the stream ends in the middle of is dropped as well.

export interface ServerSentEvent {
  /** "message" when the server named none. */
  event: string;
  /** The data lines, joined with LF. */
  data: string;
}

export class EventParser {
  #line = "";
  #afterCR = false;
  #event = "";
  #data: string[] = [];

  /** The events that this piece completes. */
  push(piece: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const character = piece[at];
      if (character !== "\n" && character !== "\r") {
        this.#afterCR = false;
        continue;
      }
      const secondHalf = character === "\n" && this.#afterCR;
      this.#afterCR = character === "\r";
      if (!secondHalf) this.#endLine(this.#line + piece.slice(from, at), events);
      this.#line = "";
      from = at + 1;
    }
    this.#line += piece.slice(from);
    return events;
  }

  #endLine(line: string, events: ServerSentEvent[]): void {
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "error") {
      // llama-server once sent errors under a field of this name.
      this.#event = "error";
      this.#data.push(value);
    }
  }

  #dispatch(events: ServerSentEvent[]): void {
    if (this.#data.length > 0) events.push({ event: this.#event || "message", data: this.#data.join("\n") });
    this.#data = [];
    this.#event = "";
  }
}

/** The events of a response body. */
export async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent, void, void> {
  const utf8 = new TextDecoder();
  const parser = new EventParser();
  for await (const bytes of body) yield* parser.push(utf8.decode(bytes, { stream: true }));
}
