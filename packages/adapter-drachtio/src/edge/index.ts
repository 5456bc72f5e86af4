export { hostVariables, listenersHere } from "./advertised-by-host.ts";
export { edgeSnapshot } from "./edge-snapshot.ts";
export { startEdge, type Edge, type EdgeAddresses, type EdgeOptions } from "./edge.ts";
export { holdVariables } from "./hold-variables.ts";
export { listenersSchema, type ConfiguredListener } from "./listener-schema.ts";
