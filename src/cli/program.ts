// The command line: commands, their options and their help. What a command does is in a file of its
// own, imported when it runs, so that --help is there at once.

import { Command } from "commander";
import { registerBench } from "./bench.js";
import type { ChatFlags } from "./chat.js";
import { registerConvert } from "./convert.js";
import { registerEval } from "./eval.js";
import type { GenerateFlags } from "./generate.js";
import { registerInspect } from "./inspect.js";
import { addSampling, numberArgument } from "./sampling.js";
import { addSettings, readSettings } from "./settings.js";
import type { Surroundings } from "./surroundings.js";
import { registerSynth } from "./synth.js";
import { registerTrain } from "./train.js";
import { version } from "./version.js";

const about = `Block-diffusion and ternary (BitNet b1.58) language models on your own CPU.

Without --model, every command uses the small model that comes with unmask.`;

const examples = {
  unmask: `
Examples:
  $ unmask serve                                  an OpenAI-compatible server on http://127.0.0.1:30000
  $ unmask chat                                   talk, and watch the blocks unmask
  $ unmask generate "What is 2+2?"                one answer
  $ unmask convert checkpoint/ -o model.gguf      from Hugging Face files to GGUF

\`unmask help COMMAND\` explains a command and shows examples.`,
  serve: `
Examples:
  $ unmask serve --model model.gguf --port 8080
  $ unmask serve --decode-mode iterative --threshold 0.95
  $ unmask serve --generate-config unmask.yaml    write the settings to a file, to edit
  $ unmask serve --config unmask.yaml
  $ unmask serve --benchmark --benchmark-iterations 20

Ask it:
  $ curl http://127.0.0.1:30000/v1/chat/completions -H 'content-type: application/json' \\
      -d '{"messages":[{"role":"user","content":"What is 2+2?"}],"max_tokens":50}'`,
  chat: `
Examples:
  $ unmask chat
  $ unmask chat --model model.gguf --system "Answer in one word." --temperature 0.7
  $ unmask chat --pace 200                        slow enough to follow
  $ printf 'What is 2+2?\\nAnd 3+3?\\n' | unmask chat

In the conversation, /help lists commands; Ctrl-C stops an answer.`,
  generate: `
Examples:
  $ unmask generate "What is 2+2?"
  $ unmask generate --decode-mode verified --timings "Name three colours."
  $ unmask generate --raw "Once upon a time" --max-tokens 100 --temperature 0.8 --seed 7
  $ unmask generate - < question.txt
  $ unmask generate --json "What is 2+2?" | jq .timings`,
};

/** All commands. Nothing has run yet: that is `parseAsync`, which throws what went wrong. */
export function buildProgram(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  const program = new Command("unmask");
  program
    .description(about)
    .version(version(), "-V, --version", "Print the version.")
    .helpOption("-h, --help", "Print this help.")
    .addHelpText("after", examples.unmask)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => Math.min(stdout.columns ?? 100, 100),
      getErrHelpWidth: () => Math.min(stderr.columns ?? 100, 100),
      outputError: (text, write) => write(text.replace(/^error: /, "error [usage]: ")),
    });

  const serve = program.command("serve").description("Serve a model with an OpenAI-compatible API.");
  addSettings(serve, "serve")
    .option("--generate-config [file]", "Write the settings that hold as a YAML file (without FILE to stdout) and end.")
    .addHelpText("after", examples.serve)
    .action(async (flags: { generateConfig?: string | true }) => {
      const loaded = readSettings(serve, surroundings);
      const command = await import("./serve.js");
      if (flags.generateConfig === undefined) await command.serve(loaded, surroundings);
      else command.generateConfig(loaded, flags.generateConfig, surroundings);
    });

  const chat = program.command("chat").description("Talk with a model, and watch it unmask its answers.");
  addSettings(addSampling(chat), "local")
    .optionsGroup("Display:")
    .option("--no-live", "Stream plain text instead of drawing the block.")
    .option("--pace <ms>", "How long every picture of a block stays at least. (default: 30)", numberArgument, 30)
    .addHelpText("after", examples.chat)
    .action(async (flags: ChatFlags) => {
      const loaded = readSettings(chat, surroundings);
      await (await import("./chat.js")).chat(flags, loaded, surroundings);
    });

  const generate = program
    .command("generate")
    .description("Answer one prompt.")
    .argument("[prompt...]", "What to answer; - reads it from stdin.");
  addSettings(addSampling(generate), "local")
    .optionsGroup("Input and output:")
    .option("--raw", "Continue the prompt as it is, without the chat template.")
    .option("--json", "Print one JSON object with text, usage and timings.")
    .option("--timings", "Say on stderr what the answer took.")
    .option("--verbose", "Also say what is loaded.")
    .addHelpText("after", examples.generate)
    .action(async (words: string[], flags: GenerateFlags) => {
      const loaded = readSettings(generate, surroundings);
      await (await import("./generate.js")).generate(words, flags, loaded, surroundings);
    });

  registerConvert(program, surroundings);
  registerInspect(program, surroundings);
  registerEval(program, surroundings);
  registerTrain(program, surroundings);
  registerBench(program, surroundings);
  registerSynth(program, surroundings);

  for (const command of program.commands) {
    command.showHelpAfterError(`\`unmask ${command.name()} --help\` lists the options.`);
  }
  return program.showHelpAfterError("`unmask --help` lists the commands.");
}
