import type { Acknowledgement, Delivery, Notification, NotificationBook } from "@tandem/call-control";
import { ok, parseNotice, type EmergencyNotice, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { noticeKeys, notificationKey } from "./keys.ts";

export interface NotificationBookOptions {
  /** How long a notification stays after its last change (ms). Default 30 days. */
  readonly keepMs?: number;
}

const KEEP_MS = 30 * 86_400_000;
const DELIVERY = "delivery ";

/** A hash per notification: the notice, the acknowledgement, and one field per target, so that several deliveries write side by side. All in one slot. */
export function createNotificationBook(
  connection: RedisConnection,
  { keepMs = KEEP_MS }: NotificationBookOptions = {},
): NotificationBook {
  return new HashedNotifications(connection, keepMs);
}

class HashedNotifications implements NotificationBook {
  readonly #connection: RedisConnection;
  readonly #keepMs: number;

  constructor(connection: RedisConnection, keepMs: number) {
    this.#connection = connection;
    this.#keepMs = keepMs;
  }

  async get(callId: string): Promise<Result<Notification | null, Failure>> {
    const key = notificationKey(callId);
    const fields = await this.#connection.run("read-notification", (client) => client.hgetall(key));
    return fields.ok ? ok(readNotification(callId, fields.value)) : fields;
  }

  async open(notice: EmergencyNotice): Promise<Result<void, Failure>> {
    const key = notificationKey(notice.callId);
    const opened = await this.#connection.run("open-notification", (client) =>
      client
        .multi()
        .hsetnx(key, "notice", JSON.stringify(notice))
        .pexpire(key, this.#keepMs)
        .zadd(noticeKeys.index, notice.atMs, notice.callId)
        .zremrangebyscore(noticeKeys.index, "-inf", notice.atMs - this.#keepMs)
        .exec(),
    );
    return opened.ok ? ok(undefined) : opened;
  }

  async note(callId: string, delivery: Delivery): Promise<Result<void, Failure>> {
    const key = notificationKey(callId);
    const noted = await this.#connection.run("note-delivery", (client) =>
      client
        .multi()
        .hset(key, DELIVERY + delivery.target, JSON.stringify(delivery))
        .pexpire(key, this.#keepMs)
        .exec(),
    );
    return noted.ok ? ok(undefined) : noted;
  }

  async acknowledge(
    callId: string,
    acknowledgement: Acknowledgement,
  ): Promise<Result<"acknowledged" | "already" | "unknown", Failure>> {
    const key = notificationKey(callId);
    const there = await this.#connection.run("find-notification", (client) => client.hexists(key, "notice"));
    if (!there.ok) return there;
    if (there.value === 0) return ok("unknown");
    const set = await this.#connection.run("acknowledge-notification", (client) =>
      client.hsetnx(key, "acknowledged", JSON.stringify(acknowledgement)),
    );
    if (!set.ok) return set;
    return ok(set.value === 1 ? "acknowledged" : "already");
  }

  async list(limit: number): Promise<Result<readonly Notification[], Failure>> {
    const ids = await this.#connection.run("list-notifications", (client) =>
      client.zrevrange(noticeKeys.index, 0, limit - 1),
    );
    if (!ids.ok) return ids;
    const read = await Promise.all(ids.value.map((callId) => this.get(callId)));
    const found: Notification[] = [];
    for (const one of read) {
      if (!one.ok) return one;
      if (one.value !== null) found.push(one.value);
    }
    return ok(found);
  }
}

/** What cannot be read is as if it was not there: a record, and the other notifications, do not wait for it. */
function readNotification(callId: string, fields: Readonly<Record<string, string>>): Notification | null {
  const { notice = "", acknowledged } = fields;
  const kept = parseNotice(notice, { callId, atMs: 0 });
  if (kept === null) return null;
  const deliveries = Object.entries(fields)
    .filter(([name]) => name.startsWith(DELIVERY))
    .flatMap(([, json]) => (readJson(json) as Delivery | null) ?? []);
  return {
    notice: { ...kept, targets: kept.targets ?? [] },
    deliveries: deliveries.sort((a, b) => (a.firstTryMs ?? Infinity) - (b.firstTryMs ?? Infinity)),
    acknowledged: acknowledged === undefined ? null : (readJson(acknowledged) as Acknowledgement | null),
  };
}

function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
