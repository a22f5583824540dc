// What the layers above use of the server.

export { type AppOptions, createApp } from "./app.js";
export { defaultLimits, type Limits } from "./generation.js";
export { type RunningServer, type ServerOptions, startServer } from "./server.js";
