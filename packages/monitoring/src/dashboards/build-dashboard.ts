import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
  type Dashboard,
  type Threshold,
} from "@grafana/grafana-foundation-sdk/dashboard";
import {
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  VizLegendOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { Choice, DashboardSpecification, PanelSpecification } from "./specification.ts";

const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;
const ALL = { selected: true, text: "All", value: "$__all" } as const;
/** Grid units: 24 across. */
const NUMBER = { width: 6, height: 4 } as const;
const LINES = { width: 12, height: 8 } as const;

/** The dashboard in Grafana's shape. */
export function buildDashboard(given: DashboardSpecification): Dashboard {
  const builder = new DashboardBuilder(given.title)
    .uid(given.name)
    .description(given.description)
    .tags(["tandem"])
    .time({ from: "now-1h", to: "now" })
    .timezone("browser")
    .refresh("30s")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .withVariable(choice("namespace", "label_values(tandem_process_info, namespace)"));
  for (const name of given.choices) builder.withVariable(choice(name, CHOICE_QUERIES[name]));
  for (const row of given.rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels)
      builder.withPanel(panel.shape === "number" ? figurePanel(panel) : linesPanel(panel));
  }
  return builder.build();
}

const CHOICE_QUERIES: Readonly<Record<Choice, string>> = {
  pool: 'label_values(tandem_process_info{namespace=~"$namespace", pool!=""}, pool)',
  trunk: 'label_values(tandem_trunk_info{namespace=~"$namespace"}, trunk)',
};

/** "All" stands for any value, the empty one included: outside Kubernetes nothing has a namespace. */
function choice(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .query(query)
    .datasource(DATASOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current(ALL);
}

function figurePanel(given: PanelSpecification): StatBuilder {
  const panel = new StatBuilder()
    .title(given.title)
    .description(given.description)
    .datasource(DATASOURCE)
    .unit(given.unit)
    .thresholds(thresholds(given))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .span(NUMBER.width)
    .height(NUMBER.height);
  for (const query of queries(given)) panel.withTarget(query);
  return panel;
}

function linesPanel(given: PanelSpecification): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .title(given.title)
    .description(given.description)
    .datasource(DATASOURCE)
    .unit(given.unit)
    .axisSoftMin(0)
    .lineWidth(1)
    .fillOpacity(8)
    .thresholds(thresholds(given))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .span(LINES.width)
    .height(LINES.height);
  for (const query of queries(given)) panel.withTarget(query);
  return panel;
}

function queries({ queries: given }: PanelSpecification): readonly DataqueryBuilder[] {
  return given.map(({ expr, legend }, index) =>
    new DataqueryBuilder()
      .refId(String.fromCodePoint(65 + index))
      .datasource(DATASOURCE)
      .expr(expr)
      .legendFormat(legend === "" ? "__auto" : legend)
      .range(),
  );
}

function thresholds({ badFrom, badUpTo }: PanelSpecification): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps(badFrom, badUpTo));
}

/** Grafana's first step has no value: it begins below everything. */
function steps(badFrom: number | undefined, badUpTo: number | undefined): Threshold[] {
  if (badFrom !== undefined)
    return [
      { value: null, color: "green" },
      { value: badFrom, color: "red" },
    ];
  // A step holds from its value on, so "up to" ends just above it.
  if (badUpTo !== undefined)
    return [
      { value: null, color: "red" },
      { value: badUpTo + 1e-9, color: "green" },
    ];
  return [{ value: null, color: "green" }];
}
