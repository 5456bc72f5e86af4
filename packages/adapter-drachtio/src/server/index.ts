export type { SessionLimits, SessionLoss } from "./app-session.ts";
export type { SessionChange } from "./applications.ts";
export { createDrachtioServer, type DrachtioServer, type DrachtioServerOptions } from "./drachtio-server.ts";
export type { EdgeClock } from "./edge-context.ts";
export type { OwnAnswer } from "./edge-counters.ts";
export type { DrachtioServerStats } from "./server-stats.ts";
export { DEFAULT_EDGE_SETTINGS, type EdgeSettings } from "./edge-settings.ts";
