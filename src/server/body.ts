// Reading a request's JSON body, never more of it than the limit.
//
// The content type is not looked at: a body that is JSON is JSON.

import { UnmaskError } from "../util/errors.js";

/** @param limit bytes; @throws request_too_large, invalid_json */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  const bytes = await readBytes(request, limit);
  if (bytes.length === 0) throw new UnmaskError("invalid_json", "The body is empty. Send a JSON object.");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const detail = cause instanceof SyntaxError ? cause.message : "it is not UTF-8";
    throw new UnmaskError("invalid_json", `The body is not JSON: ${detail}. Send one JSON object in UTF-8.`, { cause });
  }
}

async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new UnmaskError("request_too_large", `The body is larger than ${limit} bytes. Shorten it or split the request.`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  if (request.body === null) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause) => {
      throw new UnmaskError("aborted", "The connection closed before the whole body was there.", { cause });
    });
    if (done) return Buffer.concat(parts);
    size += value.length;
    if (size > limit) throw tooLarge(); // not cancelled: that would cut the socket before the answer
    parts.push(value);
  }
}
