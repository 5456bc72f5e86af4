export type * from "./call-store.ts";
export type * from "./clock.ts";
export type * from "./cluster-state.ts";
export type * from "./sip-port.ts";
export type * from "./telemetry.ts";
