export type { SessionLimits, SessionLoss } from "./app-session.ts";
export {
  createDrachtioServer,
  type DrachtioServer,
  type DrachtioServerOptions,
  type DrachtioServerStats,
  type SessionChange,
} from "./drachtio-server.ts";
export type { EdgeClock } from "./edge-context.ts";
export type { OwnAnswer } from "./edge-counters.ts";
export { DEFAULT_EDGE_SETTINGS, type EdgeSettings } from "./edge-settings.ts";
