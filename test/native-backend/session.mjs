// Drives the addon directly, as the main module of a process or of a worker thread, and ends in
// the ways a backend should survive. Plain JavaScript, because neither sees TypeScript.
//
// Given (workerData, or serialised in the file argv[2]): addon, config, ints, reals, words, vocabulary, ending.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { deserialize } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";

const given = workerData ?? deserialize(readFileSync(process.argv[2]));
const say = (text) => (parentPort === null ? console.log(text) : parentPort.postMessage(text));
const addon = createRequire(import.meta.url)(given.addon);
const answers = new Int32Array(given.words);

async function open() {
  const session = addon.create(given.config);
  await addon.load(session, () => {});
  return session;
}

const forward = (session) => addon.forward(session, given.ints, given.reals, answers, null);

const endings = {
  /** Says what came out, and frees everything. */
  async orderly() {
    const session = await open();
    await forward(session);
    await addon.unload(session);
    say(Buffer.from(answers.buffer).toString("base64"));
  },
  /** Forward after forward, until somebody ends the thread. */
  async endless() {
    const session = await open();
    say("running");
    for (;;) await forward(session);
  },
  /** The process exits while a forward and a load run. */
  async exit() {
    const session = await open();
    forward(session);
    addon.load(addon.create(given.config), () => {});
    say("exiting");
    process.exit(0);
  },
  /** Nothing is disposed of; an idle model keeps no process alive. */
  async idle() {
    await forward(await open());
    say("idle");
  },
  /** Sessions that nobody holds are collected, threads and all; says how many threads are left of twenty. */
  async dropped() {
    const threads = () => (existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0);
    const before = threads();
    for (let i = 0; i < 20; i++) {
      await forward(await open());
      globalThis.gc();
      await new Promise(setImmediate);
    }
    addon.create(given.config);
    globalThis.gc();
    await new Promise(setImmediate);
    say(`${threads() - before} threads more`);
  },
};

await endings[given.ending]();
