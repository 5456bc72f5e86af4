export { createCallTraces, type CallTraceOptions, type TracedCalls } from "./call-traces.ts";
