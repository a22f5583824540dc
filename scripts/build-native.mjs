#!/usr/bin/env node
// Compiles native/ into build/native/unmask-<platform>-<arch>.node with whatever C++17 compiler
// is there: $CXX, c++, g++ or clang++. Nothing is downloaded: Node's headers come from the
// package node-api-headers.
//
//   node scripts/build-native.mjs                     the addon
//   node scripts/build-native.mjs --test              the C++ tests instead, and runs them
//       --sanitize address,undefined | thread         under sanitizers
//       --target aarch64                              cross-compiled, run under qemu-aarch64
//   node scripts/build-native.mjs --bench             the same with the measurements of native/bench
//       --only NAME                                   one of them
//   --force, --quiet
//
// Objects are named by a hash of everything that goes into them, so only what changed is
// compiled, and nothing is said when nothing did. Exit code 3 means that there is no compiler (error code compiler_missing); the
// reference backend works without the addon.

import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const native = join(root, "native");
const folders = [native, join(native, "train")];
const out = join(root, "build", "native");

// No contraction and no fast-math: results must not depend on the compiler. math-errno only costs.
const commonFlags = [
  "-std=c++17",
  "-O3",
  "-g1",
  "-fPIC",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
];

const avx2 = ["-mavx2", "-mfma", "-mf16c", "-mprfchw"];
const avx512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma", "-mf16c", "-mprfchw"];
const isaFlags = {
  "kernels_avx2.cpp": avx2,
  "kernels_avxvnni.cpp": avx2,
  "kernels_vnni256.cpp": [...avx2, "-mavx512vl", "-mavx512vnni"],
  "kernels_avx512.cpp": avx512,
  "kernels_amx.cpp": avx512,
  "train_avx2.cpp": avx2,
  "train_avx512.cpp": avx512,
};
// GCC warns about its own AVX-512 headers.
const isaWarnings = ["-Wno-uninitialized", "-Wno-maybe-uninitialized", "-Wno-unknown-warning-option"];

// The files that need Node; the tests do without them.
const addonFiles = ["addon.cpp", "bridge.cpp", "session.cpp"];

class MissingCompiler extends Error {
  code = "compiler_missing";
}

function installHint() {
  const hints = {
    linux: "Debian/Ubuntu: sudo apt-get install g++    Fedora: sudo dnf install gcc-c++    Alpine: apk add g++",
    darwin: "xcode-select --install",
  };
  return hints[process.platform] ?? "Install a C++17 compiler and set CXX to its path.";
}

function onPath(program) {
  if (program.includes("/")) return existsSync(program);
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** The compiler, with the arguments that CXX gives it ("ccache g++"), and its version line. */
async function findCompiler(target) {
  const candidates =
    target === "aarch64" ? ["aarch64-linux-gnu-g++"] : process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"];
  for (const candidate of candidates) {
    const command = existsSync(candidate) ? [candidate] : candidate.trim().split(/\s+/);
    if (!onPath(command[0])) continue;
    try {
      const { stdout } = await run(command[0], [...command.slice(1), "--version"]);
      return { command, version: stdout.split("\n")[0] };
    } catch {
      // Present but unusable: look further.
    }
  }
  const tried = candidates.join(", ");
  throw new MissingCompiler(
    `No C++ compiler was found (tried ${tried}). The fast native backend needs one; without it the slow reference backend answers.\n${installHint()}`,
  );
}

function hashOf(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(typeof part === "string" ? part : JSON.stringify(part)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

async function listFiles(folder, extension) {
  return (await readdir(folder)).filter((name) => name.endsWith(extension)).sort();
}

/** All headers of a folder: which file includes which is not worth knowing. */
async function readHeaders(folder) {
  const texts = (await listFiles(folder, ".h")).map((name) => readFile(join(folder, name), "utf8"));
  return (await Promise.all(texts)).join("");
}

/**
 * Builds the addon, or the executables of native/test or native/bench.
 * @param {{programs?: "" | "test" | "bench", sanitize?: string, target?: string, force?: boolean, log?: (line: string) => void}} options
 * @returns {Promise<string[]>} paths of what was made: the addon, or one executable per file
 */
export async function build({ programs = "", sanitize = "", target = "", force = false, log = () => {} } = {}) {
  const compiler = await findCompiler(target);
  const x64 = target === "" && process.arch === "x64";
  const flags = sanitize
    ? [...commonFlags, "-O1", `-fsanitize=${sanitize}`, "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    : commonFlags;
  const headers = createRequire(import.meta.url)("node-api-headers").include_dir; // wherever npm put it
  const objects = join(out, "obj");
  await mkdir(objects, { recursive: true });

  const headerText = (await Promise.all(folders.map(readHeaders))).join("");
  const testHeaderText = programs ? await readHeaders(join(native, "test")) : "";
  const sources = [];
  for (const folder of folders) {
    for (const name of await listFiles(folder, ".cpp")) {
      if ((!x64 && name in isaFlags) || (programs && addonFiles.includes(name))) continue;
      sources.push(join(folder, name));
    }
  }
  const mains = programs
    ? (await listFiles(join(native, programs), ".cpp")).map((name) => join(native, programs, name))
    : [];

  const jobs = [];
  for (const source of [...sources, ...mains]) {
    const name = source.slice(source.lastIndexOf("/") + 1);
    const own = [
      ...flags,
      ...(isaFlags[name] ? [...isaFlags[name], ...isaWarnings] : []),
      ...(addonFiles.includes(name) ? ["-isystem", headers] : []),
      ...(mains.includes(source) ? ["-I", native] : []),
    ];
    const hash = hashOf(
      compiler,
      own,
      headerText,
      mains.includes(source) ? testHeaderText : "",
      await readFile(source, "utf8"),
    );
    const object = join(objects, `${name}-${hash}.o`);
    jobs.push({ source, object, args: [...own, "-c", source, "-o", `${object}.${process.pid}`] });
  }

  const stale = jobs.filter((job) => force || !existsSync(job.object));
  if (stale.length > 0) log(`Compiling ${stale.length} of ${jobs.length} files with ${compiler.version}`);
  let done = 0;
  await inParallel(stale, async (job) => {
    await compile(compiler.command, job.args);
    await rename(`${job.object}.${process.pid}`, job.object);
    log(`  [${++done}/${stale.length}] ${relative(root, job.source)}`);
  });

  const shared = jobs.filter((job) => sources.includes(job.source)).map((job) => job.object);
  const link = sanitize ? [`-fsanitize=${sanitize}`] : [];
  const made = [];
  if (programs) {
    const folder = join(out, [programs, sanitize.replaceAll(",", "-"), target].filter(Boolean).join("-"));
    await mkdir(folder, { recursive: true });
    for (const job of jobs.filter((job) => mains.includes(job.source))) {
      const program = join(folder, job.source.slice(job.source.lastIndexOf("/") + 1, -".cpp".length));
      const extra = [...link, "-pthread", ...(target ? ["-static"] : [])];
      made.push(await linkIfChanged(compiler.command, program, [...shared, job.object], extra, { force, log }));
    }
  } else {
    const addon = join(out, `unmask-${process.platform}-${process.arch}.node`);
    // Node's own symbols are found when it is loaded; on Linux all are looked up then, so that none is missing later.
    const undefinedNodeSymbols = process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : ["-Wl,-z,now"];
    made.push(
      await linkIfChanged(compiler.command, addon, shared, [...link, "-shared", "-pthread", ...undefinedNodeSymbols], {
        force,
        log,
      }),
    );
    await removeOldObjects(objects, jobs);
  }
  return made;
}

async function linkIfChanged(command, path, objects, extra, { force, log }) {
  const stamp = hashOf(command, objects, extra);
  const current = existsSync(path) && existsSync(`${path}.stamp`) ? await readFile(`${path}.stamp`, "utf8") : "";
  if (current === stamp && !force) return path;
  // A new file under the old name: a process that has the old one loaded keeps it.
  await compile(command, [...objects, ...extra, "-o", `${path}.${process.pid}`]);
  await rename(`${path}.${process.pid}`, path);
  await writeFile(`${path}.stamp`, stamp);
  log(`Built ${relative(root, path)}`);
  return path;
}

async function compile([program, ...own], args) {
  try {
    await run(program, [...own, ...args], { maxBuffer: 1 << 26 });
  } catch (error) {
    throw new Error(`${program} failed:\n${String(error.stderr ?? error.message).slice(0, 8000)}`);
  }
}

async function inParallel(items, work) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), items.length) }, worker));
}

const week = 7 * 24 * 3600 * 1000;

/** Objects that this build does not use and that are a week old, whatever they were made for. */
async function removeOldObjects(folder, jobs) {
  const used = new Set(jobs.map((job) => job.object));
  for (const path of (await readdir(folder)).map((name) => join(folder, name))) {
    if (used.has(path)) continue;
    const made = await stat(path).catch(() => null); // gone: another build removed it
    if (made !== null && Date.now() - made.mtimeMs > week) await rm(path, { force: true });
  }
}

/** Runs executables one after the other; true when all succeed. */
export async function runPrograms(programs, { target = "", args = [], log = () => {} } = {}) {
  let ok = true;
  for (const program of programs) {
    const command = target === "aarch64" ? ["qemu-aarch64", program] : [program];
    const status = await new Promise((resolve) => {
      const child = spawn(command[0], [...command.slice(1), ...args], { stdio: "inherit" });
      child.on("close", (code, signal) => resolve(code ?? signal));
      child.on("error", (error) => resolve(error.message));
    });
    if (status !== 0) {
      log(`${relative(root, program)} failed (${status})`);
      ok = false;
    }
  }
  return ok;
}

async function main() {
  const { values } = parseArgs({
    options: {
      test: { type: "boolean", default: false },
      bench: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      sanitize: { type: "string", default: "" },
      target: { type: "string", default: "" },
      force: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
    },
  });
  const log = values.quiet ? () => {} : console.log;
  try {
    const programs = values.test ? "test" : values.bench ? "bench" : "";
    const made = await build({ ...values, programs, log });
    const wanted = made.filter((path) => path.endsWith(values.only));
    if (programs && wanted.length === 0) throw new Error(`native/${programs} has no ${values.only}.cpp.`);
    if (programs) process.exitCode = (await runPrograms(wanted, { target: values.target, log })) ? 0 : 1;
  } catch (error) {
    console.error(error.message);
    process.exitCode = error.code === "compiler_missing" ? 3 : 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
