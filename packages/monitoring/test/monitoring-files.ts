import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const DEPLOY = fileURLToPath(new URL("../../../deploy/", import.meta.url));

/** An alerting rule of the rule files. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Recording {
  readonly record: string;
  readonly expr: string;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (Alert | Recording)[] }[];
}

export const deployPath = (path: string): string => `${DEPLOY}${path}`;
export const deployText = (path: string): string => readFileSync(deployPath(path), "utf8");
export const deployFiles = (folder: string): readonly string[] => readdirSync(deployPath(folder)).sort();

const rules = deployFiles("monitoring/rules").flatMap((file) =>
  (parse(deployText(`monitoring/rules/${file}`)) as RuleFile).groups.flatMap((group) => group.rules),
);

export const ALERTS: readonly Alert[] = rules.filter((rule): rule is Alert => "alert" in rule);
export const RECORDINGS: readonly Recording[] = rules.filter((rule): rule is Recording => "record" in rule);

/** Names of Tandem's metrics and of recorded series that a text uses. */
export function namesIn(text: string): readonly string[] {
  return [...new Set(text.match(/\b(?:[a-z]+:)?tandem_[a-z_]+(?::[a-z0-9_]+)?/g))];
}
