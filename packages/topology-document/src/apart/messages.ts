import type { Route, Topology, TopologyIssue } from "@tandem/domain";
import type { DocumentFormat } from "../read-document.ts";

/** What the thread is to read. */
export interface Task {
  readonly text: string;
  readonly format: DocumentFormat;
  /** The topology is wanted, not only whether it is right. */
  readonly topology: boolean;
}

/** The main thread asks for the next part when it has digested the one before: parts that came together would be unpacked together. */
export const NEXT = "next";

/** What the thread sends, in this order; `routes` as often as there are some left. */
export type Part =
  | { readonly kind: "refused"; readonly issues: readonly TopologyIssue[] }
  /** The document as it gets published. */
  | { readonly kind: "checked"; readonly json: string; readonly warnings: readonly TopologyIssue[] }
  | { readonly kind: "topology"; readonly topology: Topology; readonly warnings: readonly TopologyIssue[] }
  | { readonly kind: "routes"; readonly routes: readonly Route[] }
  | { readonly kind: "end" };
