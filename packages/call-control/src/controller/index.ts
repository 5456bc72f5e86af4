export { createController, type Controller, type ControllerOptions, type ControllerPorts } from "./controller.ts";
export type { ControllerObserver, EmergencyObserver } from "./controller-observer.ts";
