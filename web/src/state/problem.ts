// A failure as the page shows it: a sentence, and what is needed to look it up.

import { UnmaskClientError } from "../../../src/client/index.js";

export interface Problem {
  message: string;
  code: string;
  requestId: string | null;
}

export function problemOf(error: unknown): Problem {
  if (!(error instanceof UnmaskClientError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { message: `The page itself failed: ${message}`, code: "page_failed", requestId: null };
  }
  const { code, requestId } = error;
  return { message: sentence(error), code, requestId };
}

function sentence({ code, message }: UnmaskClientError): string {
  if (code === "connection_failed") {
    // Browsers do not say why: nobody listens there, or it does not let this page ask.
    return `The server cannot be reached. Is it running, and does it allow this page to ask it (CORS)? ${message}`;
  }
  return message;
}
