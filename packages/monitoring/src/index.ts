export { DASHBOARDS } from "./dashboards/index.ts";
export type { DashboardSpecification, PanelSpecification, QuerySpecification } from "./dashboards/specification.ts";
export { generatedFiles } from "./generated-files.ts";
