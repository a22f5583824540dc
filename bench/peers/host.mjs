// One engine in a process of its own: opens it, then runs a case whenever the parent asks.

import process from "node:process";

const [file, options] = process.argv.slice(2);
const { open } = await import(file);
const engine = await open(JSON.parse(options));

process.on("message", async (message) => {
  if (message === "close") {
    const { user, system } = process.cpuUsage();
    process.send({ cpuMs: (user + system) / 1000 });
    process.disconnect();
    process.exit(0);
  }
  try {
    process.send({ ms: await engine.run(message) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.send({ description: engine.description });
