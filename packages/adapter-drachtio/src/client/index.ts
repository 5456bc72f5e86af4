export { createDrachtioSipPort, type DrachtioSipPort, type DrachtioSipPortOptions } from "./drachtio-sip-port.ts";
export type { EdgeState, LinkRefusal, RetrySettings } from "./edge-connector.ts";
export type { SipPortStats } from "./link-counters.ts";
export { createNameDirectory, type EdgeDirectory, type EdgeTexts, type NameLookup } from "./edge-directory.ts";
export type { SessionEnd, SessionLimits } from "./srf-session.ts";
export type { StockPool } from "./stock/stock-link.ts";
