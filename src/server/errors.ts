// Failures as OpenAI error objects.
//
// Everything that reaches a client as an error passes through here. An UnmaskError says its
// own status, code and param; anything else is a bug of ours, is logged with its stack, and
// shows the client nothing of its inside.

import { UnmaskError } from "../util/errors.js";

export interface ErrorObject {
  error: { message: string; type: string; param: string | null; code: string };
}

/** The body of an error answer, and the payload of an error inside a stream. */
export function errorObject(error: UnmaskError): ErrorObject {
  const { message, type, param, code } = error;
  return { error: { message, type, param, code } };
}

/** The error itself when it is one of ours, otherwise `internal` with the original as cause. */
export function asUnmaskError(error: unknown): UnmaskError {
  if (error instanceof UnmaskError) return error;
  const message = "The server failed while answering. Its log has the details under this answer's x-request-id.";
  return new UnmaskError("internal", message, { cause: error });
}
