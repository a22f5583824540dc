// docs/configuration.md, made from the schema. A test keeps the committed page equal to this.

import { configSchema } from "./schema.js";
import { allSettings, isSetting, longFlag, type Section, type Setting, settingsTree } from "./settings.js";
import { writeYaml, yamlValue } from "./write.js";

const introduction = `# Configuration

<!-- Made by \`npm run docs\` from src/config/schema.ts; edit that. -->

Every setting has a place in a YAML file, most have a flag and an environment variable. A flag wins over the file, the
file over the environment, the environment over the default.

\`\`\`sh
unmask serve --port 8080                        # a flag
unmask serve --config unmask.yaml               # a file
UNMASK_PORT=8080 unmask serve                   # the environment: UNMASK_ and the flag's name
MODEL_PATH=bitnet.gguf unmask serve             # the model has a name of its own
unmask serve --generate-config unmask.yaml      # write a file with the settings that hold, to edit
\`\`\`

Paths are relative to the working directory. A key that is not in these tables, a value of the wrong type and a mistake
in the YAML are errors that name the file, the line and the column. Settings that are switched on or off have two
flags: \`--radix-cache\` and \`--no-radix-cache\`.
`;

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function row(setting: Setting): string {
  const flag = setting.flag === undefined ? "" : `\`${shownFlag(setting)}\``;
  const variable = setting.variable === null ? "" : `\`${setting.variable}\``;
  const fallback = `\`${yamlValue(setting, setting.fallback)}\``;
  const about = setting.ignored === undefined ? setting.about : `${setting.about} Why: ${setting.ignored}.`;
  return `| \`${setting.path.at(-1)}\` | ${cell(setting.expects)} | ${fallback} | ${flag} | ${variable} | ${cell(about)} |`;
}

/** The flag to show: the one that changes the default. */
export function shownFlag(setting: Setting): string {
  const flag = setting.flag as string;
  return setting.isBoolean && setting.fallback === true ? `--no-${longFlag(flag).slice(2)}` : flag;
}

function table(settings: Setting[]): string {
  const head = "| Key | Values | Default | Flag | Environment | Meaning |\n| --- | --- | --- | --- | --- | --- |";
  return `${head}\n${settings.map(row).join("\n")}\n`;
}

/** The whole page. */
export function configurationPage(): string {
  const tree = settingsTree();
  const top = Object.values(tree).filter(isSetting);
  const sections = Object.entries(tree).filter((entry): entry is [string, Section] => !isSetting(entry[1]));
  return [
    introduction,
    "## At the top\n",
    table(top),
    ...sections.flatMap(([name, section]) => [`## Under \`${name}:\`\n`, table(allSettings(section))]),
    "## The file with all defaults\n",
    `\`\`\`yaml\n${writeYaml(configSchema.parse({}))}\`\`\`\n`,
  ].join("\n");
}
