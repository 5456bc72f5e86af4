import type {
  EmergencyNumber,
  EmergencyPlan,
  LocationPolicy,
  NetworkSite,
  NotificationTarget,
  SecurityDesk,
} from "@tandem/domain";
import type { TopologyDocument } from "./schema/document-schema.ts";

type Written = TopologyDocument["emergency"];

/** The domain's emergency plan from a document that fits the schema. */
export function buildEmergency(written: Written): EmergencyPlan {
  const { connectTimeout, progressTimeout, callbackWindow, heartbeat, lis, provider, ...others } = written;
  return {
    ...others,
    numbers: numbers(written.numbers),
    screeningNumber: written.screeningNumber ?? null,
    connectTimeoutMs: connectTimeout,
    progressTimeoutMs: progressTimeout,
    callbackWindowMs: callbackWindow,
    callbackHeader: written.callbackHeader ?? null,
    siteHeader: written.siteHeader ?? null,
    policy: written.policy ?? null,
    policies: written.policies.map(policy),
    sites: written.sites.map(site),
    erls: written.erls.map((erl) => ({ ...erl, location: erl.location ?? null })),
    notificationTargets: written.notificationTargets.map(target),
    lis: { secondary: lis.secondary === undefined ? null : secondary(lis.secondary) },
    provider: provider === undefined ? null : { ...provider, id: provider.id ?? null },
    heartbeatMs: heartbeat.interval,
    heartbeatTestCallMs: heartbeat.testCallInterval,
  };
}

function numbers(written: Written["numbers"]): readonly EmergencyNumber[] {
  return written.map(({ service, ...number }) => ({ ...number, ...(service !== undefined && { service }) }));
}

function policy(written: Written["policies"][number]): LocationPolicy {
  return {
    ...written,
    numbers: numbers(written.numbers),
    disclaimer: written.disclaimer ?? null,
    screenedCalls: written.screenedCalls ?? null,
    conference: written.conference === undefined ? null : desk(written.conference),
  };
}

function desk(written: NonNullable<Written["policies"][number]["conference"]>): SecurityDesk {
  return { ...written, trunk: written.trunk ?? null };
}

function site(written: Written["sites"][number]): NetworkSite {
  return { ...written, policy: written.policy ?? null, erl: written.erl ?? null, location: written.location ?? null };
}

function target(written: Written["notificationTargets"][number]): NotificationTarget {
  const { escalateTo = null, escalateAfter, ...own } = written;
  const escalation = { escalateTo, escalateAfterMs: escalateAfter };
  if (own.kind === "webhook") return { ...own, secretEnv: own.secretEnv ?? null, ...escalation };
  return { ...own, ...escalation };
}

function secondary({ url, timeout }: { readonly url: string; readonly timeout: number }) {
  return { url, timeoutMs: timeout };
}
