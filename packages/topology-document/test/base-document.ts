import type { Topology, TopologyIssue } from "@tandem/domain";
import { parse, stringify } from "yaml";
import { type ParsedTopology, parseTopologyDocument } from "../src/index.ts";

/** A document with nothing wrong in it. */
export const base = `
pools:
  - name: main
    listeners:
      - { name: inside, address: 127.0.0.1, port: 5060, transport: udp, serves: callers }
      - { name: outside, address: 127.0.0.1, port: 5062, transport: udp }
gateways:
  - { name: core, kind: core, address: 192.0.2.1 }
  - { name: carrier, kind: sbc, address: sbc.example.net }
  - { name: psap, kind: e911, address: 192.0.2.9 }
trunks:
  - { name: to-core, pool: main, listener: inside, gateway: core, usages: [out] }
  - { name: to-carrier, pool: main, listener: outside, gateway: carrier, port: 5070 }
  - { name: to-psap, pool: main, listener: outside, gateway: psap }
routes:
  - { name: all, match: ".*", usages: [out], trunks: [to-carrier] }
emergency:
  trunks: [to-psap]
  fallbackTrunks: [to-carrier]
  screeningNumber: "+18005550199"
  policy: everybody
  policies: [{ name: everybody, notify: [security] }]
  notificationTargets: [{ name: security, kind: email, address: security@example.com }]
`;

type Loose = Record<string, unknown>;
/** A document that a test changes, as it is read. */
export type LooseDocument = Loose & Record<"pools" | "gateways" | "trunks" | "routes", Loose[]>;

/** The base document with changes made to its plain form. */
export function changed(change: (document: LooseDocument) => void): string {
  const document = parse(base) as LooseDocument;
  change(document);
  return stringify(document);
}

export function accepted(text: string): ParsedTopology {
  const result = parseTopologyDocument(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
}

export function topologyOf(change: (document: LooseDocument) => void): Topology {
  return accepted(changed(change)).topology;
}

export function issuesOf(text: string, format?: "yaml" | "json"): readonly TopologyIssue[] {
  const result = parseTopologyDocument(text, format === undefined ? {} : { format });
  return result.ok ? [] : result.error;
}
