import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import type { CallTraces } from "@tandem/call-control";
import type { AttemptDetailRecord, CallDetailRecord } from "@tandem/domain";
import { ChosenIds, spanIdOf, traceIdOf } from "./trace-ids.ts";

export interface CallTraceOptions {
  /** Where spans go: the collector's OTLP/HTTP address for traces (`http://collector:4318/v1/traces`). */
  readonly url: string;
  /** Share of calls to trace, 0 to 1; the same calls at every worker. */
  readonly share: number;
  readonly node: string;
  readonly pool: string;
}

/** Traces of calls, sent in batches in the background. */
export interface TracedCalls extends CallTraces {
  /** Sends what waits, for a bounded time. */
  close(): Promise<void>;
}

/** Spans that wait for the collector; what comes on top is dropped. */
const MOST_WAITING = 8_192;
const SEND_EVERY_MS = 2_000;
const SEND_LIMIT_MS = 5_000;

/**
 * One trace per call, made from its detail records when it is over, so that a call under way costs nothing: the call, the decision with the reason for
 * every trunk, and each way out. Times are those of the records. Numbers and locations are not in it.
 */
export function createCallTraces(options: CallTraceOptions): TracedCalls {
  const ids = new ChosenIds();
  const exporter = new OTLPTraceExporter({ url: options.url, timeoutMillis: SEND_LIMIT_MS });
  const provider = new TracerProvider({
    idGenerator: ids,
    sampler: new TraceIdRatioBasedSampler(options.share),
    resource: resourceFromAttributes({
      "service.name": "tandem",
      "service.instance.id": options.node,
      "tandem.pool": options.pool,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MOST_WAITING,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_LIMIT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("tandem");
  return {
    ended: (call, attempts) => traceCall({ tracer, ids }, call, attempts),
    close: async () => {
      // A collector that is away must not keep the process from ending.
      await provider.shutdown().catch(() => undefined);
    },
  };
}

interface Spans {
  readonly tracer: Tracer;
  readonly ids: ChosenIds;
}

function traceCall(spans: Spans, call: CallDetailRecord, attempts: readonly AttemptDetailRecord[]): void {
  const { ids, tracer } = spans;
  ids.traceId = traceIdOf(call.callId);
  ids.spanId = spanIdOf(call.callId, "call");
  const root = tracer.startSpan(
    "call",
    { kind: SpanKind.SERVER, startTime: call.startMs, attributes: callAttributes(call), root: true },
    ROOT_CONTEXT,
  );
  moments(root, call);
  if (call.sipCode >= 500) root.setStatus({ code: SpanStatusCode.ERROR, message: call.failure ?? "" });
  traceDecision(spans, root, call, attempts[0]?.startMs ?? call.startMs);
  for (const attempt of attempts) traceAttempt(spans, root, attempt);
  root.end(call.endMs);
}

function traceDecision({ ids, tracer }: Spans, root: Span, call: CallDetailRecord, endMs: number): void {
  ids.spanId = spanIdOf(call.callId, "decision");
  const span = tracer.startSpan("decision", { startTime: call.startMs }, trace.setSpan(ROOT_CONTEXT, root));
  for (const { trunk, route, verdict, reason } of call.considered) {
    const attributes: Attributes = { "tandem.trunk": trunk, "tandem.route": route ?? "", "tandem.reason": reason };
    span.addEvent(verdict, attributes, call.startMs);
  }
  span.end(endMs);
}

function traceAttempt({ ids, tracer }: Spans, root: Span, attempt: AttemptDetailRecord): void {
  ids.spanId = spanIdOf(attempt.callId, `attempt ${attempt.number}`);
  const span = tracer.startSpan(
    `attempt ${attempt.trunk}`,
    { kind: SpanKind.CLIENT, startTime: attempt.startMs, attributes: attemptAttributes(attempt) },
    trace.setSpan(ROOT_CONTEXT, root),
  );
  moments(span, attempt);
  if (attempt.sipCode >= 500 || attempt.sipCode === 0) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: attempt.outcome });
  }
  span.end(attempt.endMs);
}

function moments(span: Span, { ringMs, answerMs }: Pick<CallDetailRecord, "ringMs" | "answerMs">): void {
  if (ringMs !== null) span.addEvent("ringing", {}, ringMs);
  if (answerMs !== null) span.addEvent("answered", {}, answerMs);
}

function callAttributes(call: CallDetailRecord): Attributes {
  return {
    "tandem.call_id": call.callId,
    "sip.call_id": call.sipCallId,
    "tandem.ingress_trunk": call.ingressTrunk,
    "tandem.egress_trunk": call.egressTrunk ?? "",
    "tandem.route": call.route ?? "",
    "tandem.emergency": call.emergency !== null,
    "tandem.failure": call.failure ?? "",
    "tandem.ended_by": call.endedBy,
    "tandem.attempts": call.attempts,
    "sip.status_code": call.sipCode,
    ...(call.q850 === null ? {} : { "sip.q850_cause": call.q850 }),
  };
}

function attemptAttributes(attempt: AttemptDetailRecord): Attributes {
  return {
    "tandem.trunk": attempt.trunk,
    "tandem.route": attempt.route ?? "",
    "tandem.outcome": attempt.outcome,
    "sip.status_code": attempt.sipCode,
    ...(attempt.q850 === null ? {} : { "sip.q850_cause": attempt.q850 }),
  };
}
