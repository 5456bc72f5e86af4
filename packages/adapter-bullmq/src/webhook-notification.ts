import type { NotificationChannel } from "@tandem/call-control";
import { postJson } from "./webhook-request.ts";

export interface WebhookNotificationOptions {
  /** Key of the signature by the name of the environment variable that holds it; undefined: it holds none. */
  readonly secretNamed: (name: string) => string | undefined;
  /** Longest an answer is waited for (ms). */
  readonly timeoutMs: number;
}

/** Notification by HTTP POST of `{ "notification": … }`, signed as detail records are (`Tandem-Signature`), `Idempotency-Key` per call and target. */
export function createWebhookNotification({ secretNamed, timeoutMs }: WebhookNotificationOptions): NotificationChannel {
  return {
    kind: "webhook",
    async deliver(notice, target) {
      if (target.kind !== "webhook") return { outcome: "refused", detail: "is no webhook" };
      const secret = target.secretEnv === null ? null : (secretNamed(target.secretEnv) ?? null);
      // What the receiver would have to refuse is not sent unsigned.
      if (target.secretEnv !== null && secret === null) {
        return { outcome: "unreached", detail: `no key in ${target.secretEnv}` };
      }
      const { targets: _targets, ...told } = notice;
      const outcome = await postJson(
        { url: target.url, secret, token: null, timeoutMs },
        { key: `${notice.callId}-${target.name}`, body: JSON.stringify({ notification: told }) },
        Date.now(),
      );
      switch (outcome.kind) {
        case "delivered":
          return { outcome: "delivered", detail: "2xx" };
        case "refused":
          return { outcome: "refused", detail: String(outcome.status) };
        case "unreached":
          return { outcome: "unreached", detail: outcome.status === null ? "no answer" : String(outcome.status) };
      }
    },
  };
}
