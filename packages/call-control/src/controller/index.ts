export { createController, type Controller, type ControllerOptions, type ControllerPorts } from "./controller.ts";
export type { ControllerObserver } from "./controller-observer.ts";
