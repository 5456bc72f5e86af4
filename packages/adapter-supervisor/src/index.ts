export { serveScaler, type ScaleServer } from "./scale-server.ts";
export { createSupervisorScaler } from "./supervisor-scaler.ts";
