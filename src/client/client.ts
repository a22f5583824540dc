// UnmaskClient: the calls, each a few lines over transport, request and answer.

import { chatEvents, wholeAnswer } from "./answer.js";
import { UnmaskClientError } from "./errors.js";
import { isRecord, list, record } from "./json.js";
import { chatBody, completionBody, streamBody } from "./request.js";
import { serverSentEvents } from "./sse.js";
import { ChatStream } from "./stream.js";
import { exchange, send, sleep, type Transport } from "./transport.js";
import type {
  Answer,
  CallOptions,
  ChatEvent,
  ChatMessage,
  ClientOptions,
  GenerateOptions,
  Health,
  ModelCard,
  StreamOptions,
  WaitOptions,
} from "./types.js";

export class UnmaskClient {
  /** Without a slash at its end: "http://127.0.0.1:30000/v1". */
  readonly baseURL: string;
  readonly #transport: Transport;
  readonly #model: string | undefined;

  /** @throws TypeError for a baseURL that is not an address */
  constructor(options: ClientOptions = {}) {
    this.baseURL = apiAddress(options.baseURL ?? "http://127.0.0.1:30000");
    this.#model = options.model;
    this.#transport = {
      headers: { ...(options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {}), ...options.headers },
      timeout: options.timeout ?? 600_000,
      retries: options.retries ?? 2,
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    };
  }

  /** Asks with a text or a conversation and waits for the whole answer. @throws UnmaskClientError */
  async chat(input: string | ChatMessage[], options: GenerateOptions = {}): Promise<Answer> {
    return this.#whole("/chat/completions", chatBody(input, options, this.#model), options);
  }

  /** Asks and gives the answer as it comes. Errors are thrown by the loops over it and by `final`. */
  chatStream(input: string | ChatMessage[], options: StreamOptions = {}): ChatStream {
    const controller = new AbortController();
    const body = streamBody(input, options, this.#model);
    return new ChatStream(this.#stream("/chat/completions", body, options, controller), controller);
  }

  /** Continues a text, or tokens, without the model's chat template. @throws UnmaskClientError */
  async complete(prompt: string | number[], options: GenerateOptions = {}): Promise<Answer> {
    return this.#whole("/completions", completionBody(prompt, options, this.#model), options);
  }

  /** What the server can run. @throws UnmaskClientError */
  async models(options: CallOptions = {}): Promise<ModelCard[]> {
    const reply = await send(this.#transport, { ...callOptions(options), url: `${this.baseURL}/models` });
    const body = await reply.content();
    if (isRecord(body) && Array.isArray(body.data)) return list(body.data) as ModelCard[];
    const message = `${this.baseURL}/models gave no list. Does baseURL name an OpenAI-compatible server?`;
    throw new UnmaskClientError("invalid_answer", message, { status: reply.status, requestId: reply.requestId });
  }

  /**
   * Whether the server is ready; a server that is still loading is an answer, not an error.
   * @throws UnmaskClientError when there is no server, or one without /health
   */
  async health(options: CallOptions = {}): Promise<Health> {
    const url = `${this.baseURL.replace(/\/v1$/, "")}/health`;
    const reply = await exchange(this.#transport, { ...callOptions(options), url });
    if (!ok(reply.status) && reply.status !== 503) throw await reply.error();
    return { ready: ok(reply.status), status: reply.status, details: record(await reply.content()) };
  }

  /**
   * Looks again and again until the server answers requests. Servers without /health are asked for their models.
   * @throws timeout with the last look's failure as cause, aborted, and what waiting cannot mend (such as 401)
   */
  async waitUntilReady(options: WaitOptions = {}): Promise<void> {
    const { signal, timeout = 60_000, interval = 250 } = options;
    const deadline = Date.now() + timeout;
    for (;;) {
      const failure = await this.#look({ signal, timeout: Math.max(1, Math.min(5_000, deadline - Date.now())) });
      if (failure === null) return;
      if (Date.now() + interval > deadline) {
        const message = `${this.baseURL} was not ready within ${timeout} ms: ${failure.message}`;
        throw new UnmaskClientError("timeout", message, { cause: failure, status: failure.status });
      }
      await sleep(interval, signal);
    }
  }

  /** Null when ready; the reason when it is worth looking again. */
  async #look(options: CallOptions): Promise<UnmaskClientError | null> {
    try {
      if (await this.#isReady(options)) return null;
      return new UnmaskClientError("model_loading", "The model is still loading.", { status: 503 });
    } catch (error) {
      if (!(error instanceof UnmaskClientError)) throw error;
      const { status, code } = error;
      const temporary = status === null ? code !== "aborted" : status >= 500 || status === 429;
      if (temporary) return error;
      throw error;
    }
  }

  async #isReady(options: CallOptions): Promise<boolean> {
    try {
      return (await this.health(options)).ready;
    } catch (error) {
      if (!(error instanceof UnmaskClientError) || (error.status !== 404 && error.status !== 405)) throw error;
      await this.models({ ...options, retries: 0 });
      return true;
    }
  }

  async #whole(path: string, body: object, options: CallOptions): Promise<Answer> {
    const reply = await send(this.#transport, { ...callOptions(options), url: this.baseURL + path, body });
    return wholeAnswer(await reply.content(), reply.requestId);
  }

  async *#stream(
    path: string,
    body: object,
    options: CallOptions,
    controller: AbortController,
  ): AsyncGenerator<ChatEvent, void, void> {
    const forward = () => controller.abort(options.signal?.reason);
    if (options.signal?.aborted) forward();
    options.signal?.addEventListener("abort", forward, { once: true });
    try {
      const call = { ...callOptions(options), signal: controller.signal };
      const reply = await send(this.#transport, { ...call, url: this.baseURL + path, body });
      if (reply.isEventStream) {
        yield* chatEvents(serverSentEvents(reply.bytes()), reply.requestId);
        return;
      }
      // A server that does not stream sends the whole answer at once.
      const answer = wholeAnswer(await reply.content(), reply.requestId);
      yield { type: "text", text: answer.text };
      yield { type: "finish", answer };
    } finally {
      options.signal?.removeEventListener("abort", forward);
    }
  }
}

function callOptions({ signal, timeout, retries }: CallOptions): CallOptions {
  return { signal, timeout, retries };
}

function ok(status: number): boolean {
  return status >= 200 && status < 300;
}

function apiAddress(baseURL: string): string {
  const url = new URL(baseURL);
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path === "" ? "/v1" : path}`;
}
