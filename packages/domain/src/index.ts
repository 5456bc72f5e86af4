export { err, ok, type Result } from "./lang/result.ts";
export { assertNever } from "./lang/assert-never.ts";
export type { Failure, FailureCode } from "./failure/failure.ts";
export type * from "./topology/topology.ts";
export type * from "./routing/decision.ts";
export type * from "./call/event.ts";
export type * from "./call/effect.ts";
export type * from "./call/leg-profile.ts";
