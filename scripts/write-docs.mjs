// Writes what documents show that is made by code: whole pages, samples, answers of the default model. Needs a build (`npm run setup`).

import { readFileSync, writeFileSync } from "node:fs";
import { configurationPage } from "../dist/config/docs.js";
import { referencePage } from "../dist/server/reference-page.js";
import { placeSamples } from "../dist/train/data/samples.js";
import { placeAnswers } from "./default-answers.mjs";

writeFileSync(new URL("../docs/configuration.md", import.meta.url), configurationPage());
writeFileSync(new URL("../docs/api-reference.md", import.meta.url), referencePage());

const trainingData = new URL("../docs/training-data.md", import.meta.url);
writeFileSync(trainingData, placeSamples(readFileSync(trainingData, "utf8")));

await placeAnswers();
