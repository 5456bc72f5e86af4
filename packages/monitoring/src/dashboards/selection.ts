/** Series of the chosen namespaces. */
export function series(metric: string, labels = ""): string {
  return `${metric}{namespace=~"$namespace"${labels === "" ? "" : `, ${labels}`}}`;
}

/** Per second, over what Grafana thinks fit for the scrape interval. */
export function rate(metric: string, labels = ""): string {
  return `rate(${series(metric, labels)}[$__rate_interval])`;
}

/** `expr` of the processes of the chosen pools, with the labels of the process: metrics of a process do not repeat which one it is. */
export function ofPool(expr: string): string {
  return `${expr} * on (job, instance) group_left (role, pool, node) ${series("tandem_process_info", 'pool=~"$pool"')}`;
}

/** `expr` of every process, with role, pool and node. */
export function ofProcess(expr: string): string {
  return `${expr} * on (job, instance) group_left (role, pool, node) ${series("tandem_process_info")}`;
}

/** A quantile of a histogram, by further labels. */
export function quantile(share: number, histogram: string, by: string, labels = ""): string {
  return `histogram_quantile(${share}, sum by (${by}, le) (${rate(`${histogram}_bucket`, labels)}))`;
}
