import { err } from "@tandem/domain";
import type { Clock, PublishedTopology, TopologyFile, TopologyFileContent, TopologyRegistry } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";
import { within } from "../timing/within.ts";

export interface TopologyFilePorts {
  readonly file: TopologyFile;
  readonly registry: TopologyRegistry;
  readonly clock: Clock;
  readonly observer: ControllerObserver;
}

/** How the topology file stands to what is published. */
export const FileStanding = {
  inForce: "in-force",
  /** Somebody published another document after it. It stays so until the file changes. */
  superseded: "superseded",
  /** It cannot be read, or has errors. What is published stays. */
  unusable: "unusable",
} as const;
export type FileStanding = (typeof FileStanding)[keyof typeof FileStanding];

type UsableContent = Omit<TopologyFileContent, "json"> & { readonly json: string };

/** Author of what a file brought. */
const FILE_AUTHOR = "topology-file";
/** Problems shown in the log. */
const MOST_PROBLEMS = 10;
/** Longest the file is waited for, which may lie on a disk that is away: the end of a term waits for the round. */
const FILE_LIMIT_MS = 5_000;
const LATE = { code: "configuration-invalid", detail: "topology file: no answer in time" } as const;

/**
 * Publishes the topology that lies in a file, each content once: after the file changed it goes in force whatever stood there, and what people publish
 * through the API afterwards is left alone until the file changes again. Replacing is compare-and-set; a lost race is looked at in the next round.
 */
export class TopologyFilePublisher {
  readonly #ports: TopologyFilePorts;
  #told = "";

  constructor(ports: TopologyFilePorts) {
    this.#ports = ports;
  }

  async round(): Promise<RoundEnd> {
    const { file, registry, clock } = this.#ports;
    const read = await within(clock, FILE_LIMIT_MS, file.read(), () => err(LATE));
    if (!read.ok) return this.#unusable(read.error.detail, [read.error.detail]);
    const { digest, json, warnings } = read.value;
    if (!json.ok) return this.#unusable(digest, json.error);
    const current = await registry.current();
    if (!current.ok) return "rest";
    const standing = standingOf(digest, current.value);
    if (standing === "new")
      return this.#publish({ digest, json: json.value, warnings }, current.value?.version ?? null);
    this.#tell(standing, `${standing} ${current.value?.version ?? 0}`, {
      version: current.value?.version,
      author: current.value?.author,
    });
    return "rest";
  }

  async #publish({ digest, json, warnings }: UsableContent, expectedVersion: number | null): Promise<RoundEnd> {
    const { registry, clock, observer } = this.#ports;
    const document = { json, author: FILE_AUTHOR, atMs: clock.now(), fileDigest: digest };
    const outcome = await registry.publish(document, expectedVersion);
    if (outcome.ok && outcome.value === "published") {
      const version = (expectedVersion ?? 0) + 1;
      observer.log("info", "topology file published", { version });
      if (warnings.length > 0) {
        const problems = warnings.slice(0, MOST_PROBLEMS);
        observer.log("warn", "topology file published, and somebody should look at it", { version, problems });
      }
    }
    return outcome.ok ? "again" : "rest";
  }

  #unusable(what: string, problems: readonly string[]): RoundEnd {
    this.#tell(FileStanding.unusable, `unusable ${what}`, { problems: problems.slice(0, MOST_PROBLEMS) });
    return "rest";
  }

  /** The gauge every time, the log once per change. */
  #tell(standing: FileStanding, what: string, fields: Readonly<Record<string, unknown>>): void {
    const { observer } = this.#ports;
    observer.topologyFile(standing);
    if (what === this.#told) return;
    this.#told = what;
    const [level, message] = WORDING[standing];
    observer.log(level, message, fields);
  }
}

const WORDING = {
  "in-force": ["info", "topology file in force"],
  superseded: ["warn", "topology file superseded: somebody published another document after it"],
  unusable: ["error", "topology file cannot be used, what is published stays"],
} as const satisfies Record<FileStanding, readonly ["info" | "warn" | "error", string]>;

function standingOf(digest: string, current: PublishedTopology | null): FileStanding | "new" {
  if (current?.fileDigest !== digest) return "new";
  return current.author === FILE_AUTHOR ? FileStanding.inForce : FileStanding.superseded;
}
