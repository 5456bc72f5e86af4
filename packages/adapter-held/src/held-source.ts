import type { SecondaryLocations } from "@tandem/call-control";
import { err, ok, type Failure, type LocateQuery, type PidfLocation } from "@tandem/domain";
import { composeHeldRequest, HELD_TYPE, readHeldAnswer } from "@tandem/location-document";
import {
  BulkheadRejectedError,
  BrokenCircuitError,
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  handleAll,
  wrap,
  type IPolicy,
} from "cockatiel";

export interface HeldSourceOptions {
  /** Sent as `Authorization: Bearer …`; absent: nothing is sent. */
  readonly token?: string;
  /** Told when a server is left alone because it is slow or fails, and when it is asked again. For logs; `host` alone names it. */
  readonly onCircuit?: (host: string, state: "open" | "closed") => void;
}

/** Failures and late answers in a row after which the server is left alone. */
const FAILURES_TO_OPEN = 3;
/** And for how long; then one question tries. */
const OPEN_MS = 15_000;
/** Questions under way at once; a server that cannot keep up with more gets no more. */
const MAX_QUESTIONS = 50;
const MAX_ANSWER_OCTETS = 65_536;

/**
 * A secondary location source that speaks HELD (RFC 5985) with the device identities of RFC 6155. Within the limit given there is an answer or a
 * failure, whatever the server does: answers are bounded, redirects are not followed, and a server that was late three times in a row is not asked for a
 * while, so that no call waits for it in vain.
 */
export function createHeldSource(options: HeldSourceOptions = {}): SecondaryLocations {
  const policies = new Map<string, IPolicy>();
  const policyOf = (url: string): IPolicy => {
    const known = policies.get(url);
    if (known !== undefined) return known;
    const made = guarded(url, options);
    policies.set(url, made);
    return made;
  };
  return {
    async ask(query, { url, limitMs }) {
      try {
        return ok(await policyOf(url).execute(() => question(query, { url, limitMs, options })));
      } catch (thrown) {
        return err(failureOf(thrown, limitMs));
      }
    },
  };
}

function guarded(url: string, { onCircuit }: HeldSourceOptions): IPolicy {
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: OPEN_MS,
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
  });
  const host = URL.parse(url)?.host ?? "";
  breaker.onBreak(() => onCircuit?.(host, "open"));
  breaker.onReset(() => onCircuit?.(host, "closed"));
  return wrap(bulkhead(MAX_QUESTIONS), breaker);
}

interface Question {
  readonly url: string;
  readonly limitMs: number;
  readonly options: HeldSourceOptions;
}

class UnusableAnswer extends Error {}

async function question(query: LocateQuery, { url, limitMs, options }: Question): Promise<PidfLocation | null> {
  const response = await fetch(url, {
    method: "POST",
    body: composeHeldRequest(query, limitMs),
    headers: {
      "content-type": `${HELD_TYPE};charset=utf-8`,
      accept: HELD_TYPE,
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    },
    redirect: "error",
    signal: AbortSignal.timeout(limitMs),
  });
  // RFC 5985 §8: every answer of the protocol, an error included, comes with 200.
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new UnusableAnswer(`status ${String(response.status)}`);
  }
  const answer = readHeldAnswer(await bounded(response));
  if (!answer.ok) throw new UnusableAnswer(answer.error);
  return answer.value;
}

async function bounded(response: Response): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let octets = 0;
  for await (const chunk of response.body) {
    octets += chunk.byteLength;
    if (octets > MAX_ANSWER_OCTETS) throw new UnusableAnswer(`more than ${String(MAX_ANSWER_OCTETS)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("latin1");
}

/** Texts of the platform name hosts and ports; nothing of the question is in them. */
function failureOf(thrown: unknown, limitMs: number): Failure {
  const code = "location-unavailable";
  if (thrown instanceof BrokenCircuitError) return { code, detail: "left alone after late or failed answers" };
  if (thrown instanceof BulkheadRejectedError) return { code, detail: "too many questions under way" };
  if (thrown instanceof UnusableAnswer) return { code, detail: thrown.message };
  const { name, cause } = thrown instanceof Error ? thrown : { name: "unknown", cause: undefined };
  if (name === "TimeoutError") return { code, detail: `no answer within ${String(Math.round(limitMs))} ms` };
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : name;
  return { code, detail: `the question could not be asked: ${reason}` };
}
