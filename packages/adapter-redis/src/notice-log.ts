import type { NoticeLog, NoticeStream, StreamedNotice } from "@tandem/call-control";
import { ok, parseNotice } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { noticeKeys } from "./keys.ts";
import { countAside, setAside } from "./set-aside.ts";
import { fieldOf, takenMs, type StreamEntry } from "./stream-entry.ts";

/**
 * Notices of emergency calls as one log with one reader, the leading controller. What is acknowledged is deleted, so the log holds exactly what is still
 * owed, and a successor goes on with it.
 */
export function createNoticeLog(connection: RedisConnection): NoticeLog & NoticeStream {
  return {
    async append(notice) {
      const added = await connection.run("append-notice", (client) =>
        client.xadd(noticeKeys.stream, "*", "json", JSON.stringify(notice)),
      );
      return added.ok ? ok(undefined) : added;
    },

    async read(limit) {
      const entries = await connection.run("read-notices", (client) =>
        client.xrange(noticeKeys.stream, "-", "+", "COUNT", limit),
      );
      if (!entries.ok) return entries;
      return ok(entries.value.map(readEntry));
    },

    async acknowledge(notices) {
      if (notices.length === 0) return ok(undefined);
      const deleted = await connection.run("acknowledge-notices", (client) =>
        client.xdel(noticeKeys.stream, ...notices.map(({ streamId }) => streamId)),
      );
      return deleted.ok ? ok(undefined) : deleted;
    },

    setAside: (notices) =>
      setAside(
        connection,
        noticeKeys,
        notices.map(({ streamId }) => streamId),
      ),

    aside: () => countAside(connection, noticeKeys),
  };
}

function readEntry(entry: StreamEntry): StreamedNotice {
  const [streamId] = entry;
  return { streamId, notice: parseNotice(fieldOf(entry, "json"), { callId: streamId, atMs: takenMs(entry) }) };
}
