/** One dashboard, before Grafana's shape. */
export interface DashboardSpecification {
  /** File below deploy/monitoring/dashboards, and Grafana's uid. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Choices at the top besides data source and namespace. */
  readonly choices: readonly Choice[];
  readonly rows: readonly RowSpecification[];
}

interface RowSpecification {
  readonly title: string;
  readonly panels: readonly PanelSpecification[];
}

export interface PanelSpecification {
  readonly title: string;
  /** What it shows, and what to think of it. */
  readonly description: string;
  /** `lines` over time, or the `number` of now. */
  readonly shape: "lines" | "number";
  /** A unit of Grafana: `s`, `percentunit`, `reqps`, `bytes`, `short`. */
  readonly unit: string;
  readonly queries: readonly QuerySpecification[];
  /** From here on it is bad: the colour changes. */
  readonly badFrom?: number;
  /** Up to here it is bad. */
  readonly badUpTo?: number;
}

export interface QuerySpecification {
  /** PromQL; `$namespace`, the dashboard's choices and `$__rate_interval` are put in by Grafana. */
  readonly expr: string;
  /** Legend with labels in double braces. */
  readonly legend: string;
}

/** A choice at the top of a dashboard: the values of a label. */
export type Choice = "pool" | "trunk";

/** A panel of lines over time. */
export function lines(
  about: Omit<PanelSpecification, "shape" | "queries">,
  ...queries: readonly (readonly [expr: string, legend: string])[]
): PanelSpecification {
  return { ...about, shape: "lines", queries: queries.map(([expr, legend]) => ({ expr, legend })) };
}

/** A panel that shows one number. */
export function figure(
  about: Omit<PanelSpecification, "shape" | "queries">,
  expr: string,
  legend = "",
): PanelSpecification {
  return { ...about, shape: "number", queries: [{ expr, legend }] };
}
