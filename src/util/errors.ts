// The one error class and the one table of codes.
//
// Every failure a user can cause is an UnmaskError: a stable code, an HTTP status, the
// parameter at fault when there is one, and a message that says what was wrong and what to
// do next. Anything else that is thrown is a bug in this project.

type ErrorType = "invalid_request_error" | "authentication_error" | "not_found_error" | "server_error";

interface Kind {
  status: number;
  type: ErrorType;
}

const bad: Kind = { status: 400, type: "invalid_request_error" };
const server: Kind = { status: 500, type: "server_error" };

/** Every code the project can answer with, its HTTP status and its OpenAI error type. */
export const errorTable = {
  // requests
  invalid_request: bad,
  invalid_json: bad,
  unsupported_parameter: bad,
  context_length_exceeded: bad,
  block_size_mismatch: bad,
  no_mask_token: bad,
  mode_unsupported: bad,
  request_too_large: { status: 413, type: "invalid_request_error" },
  unauthorized: { status: 401, type: "authentication_error" },
  not_found: { status: 404, type: "not_found_error" },
  model_not_found: { status: 404, type: "not_found_error" },
  method_not_allowed: { status: 405, type: "invalid_request_error" },
  too_many_requests: { status: 429, type: "invalid_request_error" },
  model_loading: { status: 503, type: "server_error" },
  aborted: { status: 499, type: "invalid_request_error" },
  disposed: { status: 503, type: "server_error" },
  internal: server,
  // files and formats
  file_not_found: bad,
  file_write_failed: server,
  gguf_invalid: bad,
  gguf_unsupported: bad,
  safetensors_invalid: bad,
  tensor_type_unsupported: bad,
  tensor_shape_mismatch: bad,
  tensor_missing: bad,
  // models and conversion
  architecture_unknown: bad,
  hyperparameter_invalid: bad,
  checkpoint_invalid: bad,
  not_ternary: bad,
  type_does_not_fit: bad,
  option_missing: bad,
  // measurements
  baseline_differs: bad,
  // text
  tokenizer_missing: bad,
  tokenizer_unsupported: bad,
  tokenizer_invalid: bad,
  vocabulary_mismatch: bad,
  template_invalid: bad,
  // configuration and process
  config_invalid: bad,
  port_in_use: server,
  compiler_missing: server,
  native_unavailable: server,
  training_diverged: server,
  out_of_memory: server,
} as const satisfies Record<string, Kind>;

export type ErrorCode = keyof typeof errorTable;

export class UnmaskError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly type: ErrorType;
  readonly param: string | null;

  /** @param message what was wrong, then what to do next; full sentences. */
  constructor(code: ErrorCode, message: string, options: { param?: string | null; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "UnmaskError";
    this.code = code;
    this.status = errorTable[code].status;
    this.type = errorTable[code].type;
    this.param = options.param ?? null;
  }
}
