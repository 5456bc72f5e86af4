import { open, rename, type FileHandle } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { DetailRecordSink, StreamedRecord } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";

export interface DetailFileOptions {
  readonly path: string;
  /** The file is put aside before it grows beyond this; 0: never. */
  readonly maxBytes: number;
  /** Wait until the disk has each batch (fdatasync). */
  readonly sync: boolean;
  /** Epoch milliseconds; names the files put aside. */
  readonly now: () => number;
}

/** Detail records as JSON lines in a file, one record per line, UTF-8. */
export interface DetailFileSink extends DetailRecordSink {
  /** Closes the file and opens its name again with the next batch: for a log rotator that moved it (SIGHUP). */
  reopen(): void;
}

interface OpenFile {
  readonly handle: FileHandle;
  bytes: number;
}

const NEWLINE = 0x0a;
/** Longest the write under way is waited for when the file is closed. */
const CLOSE_LIMIT_MS = 1_000;

/**
 * Appends batches, one after the other, also where the one before was given up by whoever waited for it; a batch is taken when it is written (and synced, if asked for). A file that ends in the middle of a line, as a crash leaves it, gets
 * its line ended first: the broken record was not acknowledged and comes again. A full file becomes `<path>.<time>`.
 */
export function createDetailFileSink(options: DetailFileOptions): DetailFileSink {
  let file: OpenFile | null = null;
  let stale = false;
  let writing: Promise<unknown> = Promise.resolve();
  const closeFile = async (): Promise<void> => {
    const closing = file;
    file = null;
    stale = false;
    await closing?.handle.close();
  };
  const append = async (records: readonly StreamedRecord[]): Promise<void> => {
    const batch = Buffer.from(records.map(({ json }) => `${json}\n`).join(""));
    if (stale) await closeFile();
    file ??= await openFile(options.path);
    if (options.maxBytes > 0 && file.bytes > 0 && file.bytes + batch.length > options.maxBytes) {
      await closeFile();
      await rename(options.path, `${options.path}.${new Date(options.now()).toISOString().replaceAll(":", "")}`);
      file = await openFile(options.path);
    }
    await file.handle.appendFile(batch);
    file.bytes += batch.length;
    if (options.sync) await file.handle.datasync();
  };
  const take = async (records: readonly StreamedRecord[]): Promise<Result<void, Failure>> => {
    try {
      await append(records);
      return ok(undefined);
    } catch (thrown) {
      await closeFile().catch(() => undefined);
      return failed(thrown);
    }
  };
  return {
    name: "file",
    take(records) {
      const taken = writing.then(() => take(records));
      writing = taken;
      return taken;
    },
    reopen() {
      stale = true;
    },
    close: () => Promise.race([writing.then(closeFile), delay(CLOSE_LIMIT_MS, undefined, { ref: false })]),
  };
}

async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, "a+");
  const { size } = await handle.stat();
  if (size === 0) return { handle, bytes: 0 };
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] === NEWLINE) return { handle, bytes: size };
  await handle.appendFile("\n");
  return { handle, bytes: size + 1 };
}

function failed(thrown: unknown): Result<never, Failure> {
  const reason = thrown instanceof Error ? thrown.message : "";
  return err({ code: "delivery-failed", detail: `detail record file: ${reason}` });
}
