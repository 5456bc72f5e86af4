export { captureSettings, captureVariables, openCapture, type CaptureSettings } from "./capture-variables.ts";
export { createHepExporter } from "./hep-exporter.ts";
