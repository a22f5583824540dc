// The HTTP interface as a function from Request to Response: routes, access, errors.
//
// No socket is opened here, so tests call app.request("/v1/models"). The engine schedules and
// batches; the server adds nothing to an answer but its shape.

import { Hono } from "hono";
import { requestId } from "hono/request-id";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Logger } from "pino";
import type { Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { allowOrigins, requireKey } from "./access.js";
import { chatEndpoint } from "./chat.js";
import { completionEndpoint } from "./completion.js";
import { asUnmaskError, errorObject } from "./errors.js";
import { Exchange } from "./exchange.js";
import { defaultLimits, type Environment, generationHandler, type Limits } from "./generation.js";
import { Jobs } from "./jobs.js";
import { Metrics } from "./metrics.js";
import { modelObject, requireModel } from "./models.js";
import { openApiDocument } from "./openapi.js";
import { page } from "./page.js";
import { builtSite, readSite } from "./site.js";
import { ModelSlot } from "./slot.js";

export interface AppOptions {
  /** A promise while the model loads: /health then says so. */
  model: Model | Promise<Model>;
  /** Required as a bearer token under /v1 and for /metrics; absent: everybody may ask. */
  apiKey?: string;
  /** Browser origins allowed beside those of this computer; "*" allows all. */
  cors?: readonly string[];
  limits?: Partial<Limits>;
  /** One line a request. Absent: nothing is logged. */
  logger?: Logger;
  /** The running generations, for whoever is to end them all. */
  jobs?: Jobs;
  /** Folder of the page. Default: where the build puts it; without one "/" says what this address is. */
  site?: string;
}

/** Paths and the method each answers to. */
const routes = {
  "/": "GET",
  "/health": "GET",
  "/metrics": "GET",
  "/openapi.json": "GET",
  "/v1/models": "GET",
  "/v1/models/:id": "GET",
  "/v1/chat/completions": "POST",
  "/v1/completions": "POST",
} as const;

/** The whole HTTP interface. Errors are OpenAI error objects, never thrown. */
export function createApp(options: AppOptions): Hono<Environment> {
  const slot = new ModelSlot(options.model);
  const metrics = new Metrics(() => slot.model);
  const limits = { ...defaultLimits, ...options.limits };
  const parts = { slot, limits, jobs: options.jobs ?? new Jobs() };
  const app = new Hono<Environment>();

  app.use(requestId());
  app.use(async (c, next) => {
    const { method, path } = c.req;
    const info = { id: c.get("requestId"), method, path, route: routeOf(path) };
    const exchange = new Exchange(info, metrics, options.logger ?? null);
    c.set("exchange", exchange);
    await next();
    if (!exchange.streaming) exchange.end(c.res.status);
  });
  app.use(allowOrigins(options.cors ?? []));
  if (options.apiKey !== undefined) {
    app.use("/v1/*", requireKey(options.apiKey));
    app.use("/metrics", requireKey(options.apiKey));
  }

  const site = readSite(options.site ?? builtSite);
  app.get("*", async (c, next) => site?.respond(c.req.path, c.req.raw.headers) ?? next());
  app.get("/", (c) => c.html(page(slot.model?.info ?? null, new URL(c.req.url).origin)));
  app.get("/health", (c) => {
    slot.get();
    return c.json({ status: "ok" });
  });
  app.get("/metrics", async (c) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType }));
  app.get("/openapi.json", (c) => c.json(openApiDocument()));
  app.get("/v1/models", (c) => c.json({ object: "list", data: [modelObject(slot.get().info, slot.since)] }));
  app.get("/v1/models/:id", (c) => {
    const { info } = slot.get();
    requireModel(c.req.param("id"), info);
    return c.json(modelObject(info, slot.since));
  });
  app.post("/v1/chat/completions", generationHandler(chatEndpoint, parts));
  app.post("/v1/completions", generationHandler(completionEndpoint, parts));

  for (const [path, method] of Object.entries(routes)) {
    app.all(path, (c) => {
      c.header("allow", method);
      throw new UnmaskError("method_not_allowed", `${c.req.method} is not possible on ${c.req.path}. Use ${method}.`);
    });
  }
  app.notFound((c) => {
    const paths = Object.entries(routes).map(([path, method]) => `${method} ${path}`);
    const message = `There is no ${c.req.method} ${c.req.path} here. There are ${paths.join(", ")}.`;
    return fail(new UnmaskError("not_found", message));

    function fail(error: UnmaskError) {
      c.get("exchange").failed(error);
      return c.json(errorObject(error), 404);
    }
  });
  app.onError((thrown, c) => {
    const error = asUnmaskError(thrown);
    c.get("exchange").failed(error);
    if (error.status === 503 || error.status === 429) c.header("retry-after", "1");
    return c.json(errorObject(error), error.status as ContentfulStatusCode);
  });
  return app;
}

function routeOf(path: string): string {
  if (path.startsWith("/v1/models/")) return "/v1/models/:id";
  if (path.startsWith("/assets/")) return "/assets/*";
  return path in routes ? path : "other";
}
