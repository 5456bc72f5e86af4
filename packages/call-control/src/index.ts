export * from "./ports/index.ts";
export { createCallEngine, type CallEngine, type CallEngineOptions, type EngineFacts } from "./call-engine.ts";
export { createLocationSource, type LocationSourceParts } from "./locations/find-location.ts";
export type { EnginePorts } from "./engine-ports.ts";
export { DEFAULT_ADMISSION, type AdmissionLimits } from "./live/admission.ts";
export type { CompileTopology, TopologyListener } from "./live/topology-in-force.ts";
export { uriFacts } from "./ingress/request-facts.ts";
export { keepMember, type MemberKeeping } from "./live/keep-member.ts";
export { LARGEST_POOL, poolSizeProblem } from "./live/pool-size.ts";
