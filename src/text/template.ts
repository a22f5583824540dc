// Chat templates: messages to the prompt text a model was trained on, by the Jinja template in
// its file. The template is untrusted: it sees only what is passed here and cannot ask for a
// long range, and its failures are errors with their reason.

import { Environment, Interpreter, Template } from "@huggingface/jinja";
import { UnmaskError } from "../util/errors.js";
import type { Tokenizer } from "./tokenizer.js";
import type { Log } from "./vocabulary.js";

export interface TemplateMessage {
  role: string;
  content: string;
}

const chatMl =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** BitNet-b1.58-2B-4T as it was trained. */
const bitnet =
  "{{ bos_token }}{% for message in messages %}{{ message['role'] | capitalize + ': ' + message['content'] | trim + '<|eot_id|>' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}";

/** As in Jinja's sandbox. */
const longestRange = 100_000;

export class ChatTemplate {
  readonly #template: Template;
  readonly #tokens: { bos: string; eos: string };

  /**
   * @param tokens texts of the BOS and EOS tokens; empty for none
   * @throws UnmaskError template_invalid: the source cannot be parsed
   */
  constructor(source: string, tokens: { bos: string; eos: string }) {
    this.#template = attempt("parsed", () => new Template(source));
    this.#tokens = tokens;
  }

  /**
   * The prompt text of a conversation, special tokens written out.
   * @param options.addGenerationPrompt end with the beginning of the assistant's turn (default)
   * @throws UnmaskError template_invalid: the template fails on these messages or refuses them
   */
  render(messages: readonly TemplateMessage[], options: { addGenerationPrompt?: boolean } = {}): string {
    return attempt("applied to these messages", () => {
      const environment = new Environment();
      const variables = {
        ...constants,
        raise_exception: (message: string) => {
          throw new Error(message);
        },
        range,
        strftime_now: (format: string) => strftime(new Date(), format),
        bos_token: this.#tokens.bos,
        eos_token: this.#tokens.eos,
        messages: messages.map(({ role, content }) => ({ role, content })),
        tools: null,
        documents: null,
        add_generation_prompt: options.addGenerationPrompt ?? true,
      };
      for (const [name, value] of Object.entries(variables)) environment.set(name, value);
      return new Interpreter(environment).run(this.#template.parsed).value as string;
    });
  }
}

/**
 * The template of a model: the file's own; ChatML when it has none and the vocabulary has
 * ChatML's tokens; for BitNet-b1.58-2B-4T, whose files carry a wrong one, the right one.
 * @throws UnmaskError template_invalid: there is none, or it cannot be parsed
 */
export function chatTemplateFor(tokenizer: Tokenizer, log: Log = () => {}): ChatTemplate {
  const text = (token: number | null) => (token === null ? "" : tokenizer.decode([token]));
  const tokens = { bos: text(tokenizer.bosId), eos: text(tokenizer.eosId) };
  const source = tokenizer.chatTemplate;
  if (source?.includes("BITNET") && tokenizer.tokenNamed("<|eot_id|>") !== null) {
    log("info", "the chat template in this BitNet file is known to be wrong; using the one the model was trained with");
    return new ChatTemplate(bitnet, tokens);
  }
  if (source !== null) return new ChatTemplate(source, tokens);
  if (tokenizer.tokenNamed("<|im_start|>") !== null && tokenizer.tokenNamed("<|im_end|>") !== null) {
    log("info", "the file has no chat template; using ChatML, whose tokens it has");
    return new ChatTemplate(chatMl, tokens);
  }
  throw new UnmaskError(
    "template_invalid",
    "This model has no chat template and no ChatML tokens, so it cannot hold a conversation. Send a prompt to /v1/completions instead.",
  );
}

const constants = { false: false, true: true, none: null, False: false, True: true, None: null };

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new Error("range() with a step of 0");
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= longestRange)) throw new Error(`range() of ${length}; at most ${longestRange} is allowed`);
  return Array.from({ length }, (_, i) => from + i * step);
}

const months = "January February March April May June July August September October November December".split(" ");
const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** The directives of C's strftime that templates use, in English and local time. */
function strftime(date: Date, format: string): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const values: Record<string, () => string> = {
    Y: () => String(date.getFullYear()),
    y: () => two(date.getFullYear() % 100),
    m: () => two(date.getMonth() + 1),
    B: () => months[date.getMonth()],
    b: () => months[date.getMonth()].slice(0, 3),
    d: () => two(date.getDate()),
    A: () => days[date.getDay()],
    a: () => days[date.getDay()].slice(0, 3),
    H: () => two(date.getHours()),
    M: () => two(date.getMinutes()),
    S: () => two(date.getSeconds()),
    "%": () => "%",
  };
  return format.replace(/%(.)/g, (whole, letter: string) => values[letter]?.() ?? whole);
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnmaskError("template_invalid", `The model's chat template could not be ${what}: ${reason}`, {
      param: "messages",
      cause: error,
    });
  }
}
