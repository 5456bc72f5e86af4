import { createHash, createHmac } from "node:crypto";

/** Where detail records are posted. */
export interface WebhookTarget {
  readonly url: string;
  /** Key of the HMAC in `Tandem-Signature`; null: unsigned. */
  readonly secret: string | null;
  /** Sent as `Authorization: Bearer …`; null: none. */
  readonly token: string | null;
  /** Longest an answer is waited for. */
  readonly timeoutMs: number;
}

/** How one delivery went. */
export type DeliveryOutcome =
  | { readonly kind: "delivered" }
  /** The receiver says these records are unacceptable: sending them again changes nothing. */
  | { readonly kind: "refused"; readonly status: number }
  /** Anything else: try again, not before `retryAfterMs` if the receiver named a time. */
  | { readonly kind: "unreached"; readonly status: number | null; readonly retryAfterMs: number | null };

/** Statuses that judge the records, not the receiver or our credentials. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Names a batch by its records, so that the same batch sent twice is recognised. */
export function idempotencyKey(recordIds: readonly string[]): string {
  const hash = createHash("sha256");
  for (const id of recordIds) hash.update(`${id}\n`);
  return hash.digest("hex").slice(0, 40);
}

/** `t=<epoch seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">`: the receiver checks both the text and its age. */
export function signature(secret: string, body: string, nowMs: number): string {
  const seconds = String(Math.floor(nowMs / 1_000));
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

/** Posts one batch: a JSON object with the records in order. Never rejects. */
export function postRecords(
  target: WebhookTarget,
  batch: { readonly key: string; readonly records: readonly string[] },
  nowMs: number,
): Promise<DeliveryOutcome> {
  return postJson(target, { key: batch.key, body: `{"records":[${batch.records.join(",")}]}` }, nowMs);
}

/** Posts JSON, signed, under a key that names it. Redirects are not followed. Never rejects. */
export async function postJson(
  target: WebhookTarget,
  { key, body }: { readonly key: string; readonly body: string },
  nowMs: number,
): Promise<DeliveryOutcome> {
  try {
    const response = await fetch(target.url, {
      method: "POST",
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(target.timeoutMs),
      headers: {
        "content-type": "application/json",
        "user-agent": "tandem",
        "idempotency-key": key,
        ...(target.secret === null ? {} : { "tandem-signature": signature(target.secret, body, nowMs) }),
        ...(target.token === null ? {} : { authorization: `Bearer ${target.token}` }),
      },
    });
    await response.body?.cancel();
    return outcomeOf(response);
  } catch {
    return { kind: "unreached", status: null, retryAfterMs: null };
  }
}

function outcomeOf({ status, headers }: Response): DeliveryOutcome {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (REFUSALS.has(status)) return { kind: "refused", status };
  const retryAfter = headers.get("retry-after") ?? "";
  return { kind: "unreached", status, retryAfterMs: /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : null };
}
