export type { SeenMessage } from "./seen-message.ts";
export { audioSession } from "./session-description.ts";
export { placeCall, type SimulatedCall, type SimulatedCallResult } from "./simulated-call.ts";
export { startSimulatedGateway, type Behaviour, type SimulatedGateway } from "./simulated-gateway.ts";
