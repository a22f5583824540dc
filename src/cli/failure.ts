// How a command says that it failed, and with which exit code it ends.

import { CommanderError } from "commander";
import { UnmaskError } from "../util/errors.js";

/** Ended by Ctrl-C: 128 + SIGINT, as shells count. */
export const interruptedCode = 130;

export interface Failure {
  /** For stderr; empty when everything has been said. */
  text: string;
  exitCode: number;
}

/** @param caught whatever a command threw */
export function describeFailure(caught: unknown): Failure {
  if (caught instanceof CommanderError) return { text: "", exitCode: caught.exitCode };
  if (caught instanceof UnmaskError && caught.code === "aborted") return { text: "", exitCode: interruptedCode };
  if (caught instanceof UnmaskError && caught.code !== "internal") {
    return { text: `error [${caught.code}]: ${caught.message}\n`, exitCode: 1 };
  }
  const stack = caught instanceof Error ? (caught.stack ?? caught.message) : String(caught);
  const cause = caught instanceof Error && caught.cause instanceof Error ? `\ncaused by ${caught.cause.stack}` : "";
  return {
    text: `error [internal]: This is a bug in unmask; please report it with what follows.\n${stack}${cause}\n`,
    exitCode: 1,
  };
}
