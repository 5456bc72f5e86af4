import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { METRICS, type LabelOf, type MetricName, type MetricNameOf } from "./catalogue.ts";

/** Registers the catalogue's counter `name`; `collect` runs at every scrape. */
export function counter<Name extends MetricNameOf<"counter">>(
  registry: Registry,
  name: Name,
  collect?: (this: Counter<LabelOf<Name>>) => void,
): Counter<LabelOf<Name>> {
  const definition = { ...shape(name), labelNames: labels(name), registers: [registry] };
  return new Counter(collect === undefined ? definition : { ...definition, collect });
}

/** Registers the catalogue's gauge `name`; `collect` runs at every scrape. */
export function gauge<Name extends MetricNameOf<"gauge">>(
  registry: Registry,
  name: Name,
  collect?: (this: Gauge<LabelOf<Name>>) => void,
): Gauge<LabelOf<Name>> {
  const definition = { ...shape(name), labelNames: labels(name), registers: [registry] };
  return new Gauge(collect === undefined ? definition : { ...definition, collect });
}

/** Registers the catalogue's histogram `name`. */
export function histogram<Name extends MetricNameOf<"histogram">>(
  registry: Registry,
  name: Name,
): Histogram<LabelOf<Name>> {
  const buckets = [...METRICS[name].buckets];
  return new Histogram({ ...shape(name), labelNames: labels(name), registers: [registry], buckets });
}

function shape(name: MetricName): { name: string; help: string } {
  return { name, help: METRICS[name].help };
}

function labels<Name extends MetricName>(name: Name): LabelOf<Name>[] {
  return [...METRICS[name].labels];
}
