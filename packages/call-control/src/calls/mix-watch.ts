import { err, parseCall, type Call, type Failure } from "@tandem/domain";
import type { CallStore, Clock, RelayedState, Telemetry } from "../ports/index.ts";
import type { Mail } from "./call-shell.ts";
import { mixVerdict, type MixFit, type MixLook } from "./mix-verdict.ts";
import {
  canBeMixed,
  isHeld,
  leadByMixer,
  leadDirectly,
  mixedTalk,
  pairOf,
  prepareMix,
  type MixedTalk,
  type MixParts,
} from "./mixed-path.ts";
import { unattended } from "./unattended.ts";

/** How often a call with a two-way desk is looked at. */
const LOOK_MS = 300;

const SILENT: Failure = { code: "relay-unavailable", detail: "nothing comes of the mixer" };
const UNFIT: Failure = { code: "relay-unavailable", detail: "the two talk as no mixer can" };

export interface MixWatchParts extends MixParts {
  readonly clock: Clock;
  readonly store: CallStore;
  readonly telemetry: Telemetry;
  readonly post: (callId: string, mail: Mail) => void;
  /** The mixer of a call was given up: its desk hears nothing any more. */
  readonly onLost: (call: Call, failure: Failure) => void;
}

interface Watched {
  /** The record as it was read last: it serves while the store is away. */
  call: Call;
  before: RelayedState | null;
  silent: number;
  /** The two for whom the mixer was made ready. */
  prepared: string;
}

/**
 * Leads the two who talk in an emergency call by the mixer once that is proved, and directly again when anything speaks against it. Several workers may watch the same call: what they do
 * is the same, and can be done twice.
 */
export class MixWatch {
  readonly #parts: MixWatchParts;
  readonly #watched = new Map<string, Watched>();

  constructor(parts: MixWatchParts) {
    this.#parts = parts;
  }

  /** Looks after the call from now on, until its desk has left or it is over. */
  begin(call: Call): void {
    if (this.#watched.has(call.id)) return;
    const watched = { call, before: null, silent: 0, prepared: "" };
    this.#watched.set(call.id, watched);
    this.#look(watched);
  }

  /** The desk has gone: the two hear each other directly, whatever was. False: the relay says nothing of it now, and is looked at until it does. */
  async leave(call: Call): Promise<boolean> {
    this.end(call.id);
    const talk = mixedTalk(call);
    if (talk === null) return true;
    const state = await this.#parts.media.state(talk);
    if (!state.ok) this.begin(call);
    if (!state.ok || state.value === null) return state.ok;
    const look = { now: state.value, before: null, heard: null, wanted: false, fit: "later", silent: 0 } as const;
    if (mixVerdict(pairOf(talk), look) === "restore") await this.#restore(call, talk);
    return true;
  }

  /** Looks after no call any more. */
  stop(): void {
    this.#watched.clear();
  }

  /** The call is over, or none of this worker's business. */
  end(callId: string): void {
    this.#watched.delete(callId);
  }

  #look(watched: Watched): void {
    const callId = watched.call.id;
    if (this.#watched.get(callId) !== watched) return;
    const looked = this.#lookAt(watched).finally(
      () => void this.#parts.clock.after(LOOK_MS, () => this.#look(watched)),
    );
    unattended(looked, { callId, telemetry: this.#parts.telemetry });
  }

  async #lookAt(watched: Watched): Promise<void> {
    const { id } = watched.call;
    if (!(await this.#refresh(watched))) return this.end(id);
    const talk = mixedTalk(watched.call);
    if (talk === null) return this.end(id);
    const [state, heard] = await Promise.all([this.#parts.media.state(talk), this.#parts.mixers.heard(talk)]);
    // A relay that does not answer, or lost the call, is looked after by itself.
    if (!state.ok || state.value === null) return;
    const look = { now: state.value, before: watched.before, heard: heard.ok ? heard.value : null };
    await this.#act(watched, talk, { ...look, silent: watched.silent, ...standing(watched.call, talk) });
    watched.before = state.value;
  }

  async #act(watched: Watched, talk: MixedTalk, look: MixLook): Promise<void> {
    const verdict = mixVerdict(pairOf(talk), look);
    watched.silent = verdict === "silent" || verdict === "restore" ? watched.silent + 1 : 0;
    if (verdict === "lost") return this.#lose(watched.call, talk, look.fit === "never" ? UNFIT : SILENT);
    if (verdict === "restore") await this.#restore(watched.call, talk);
    if (!look.wanted) return this.end(talk.callId);
    if (verdict === "mix") await this.#mix(watched.call, talk);
    const key = JSON.stringify(talk.two);
    if (verdict === "mix" || look.fit !== "now" || watched.prepared === key) return;
    const prepared = await prepareMix(this.#parts, talk);
    if (prepared.ok) watched.prepared = key;
  }

  async #mix(call: Call, talk: MixedTalk): Promise<void> {
    const mixed = await leadByMixer(this.#parts, talk);
    if (!mixed.ok) return this.#lose(call, talk, mixed.error);
    // The desk may have left meanwhile.
    if (!this.#watched.has(call.id)) await this.#restore(call, talk);
  }

  async #lose(call: Call, talk: MixedTalk, failure: Failure): Promise<void> {
    this.end(call.id);
    await this.#restore(call, talk);
    this.#parts.onLost(call, failure);
  }

  /** A relay that cannot even do that has lost the call: the two are told of each other. */
  async #restore(call: Call, talk: MixedTalk): Promise<void> {
    const restored = await leadDirectly(this.#parts.media, talk).catch(() => err({ detail: "a fault of ours" }));
    if (restored.ok) return;
    const { telemetry, post } = this.#parts;
    const { detail } = restored.error;
    telemetry.emergency.desk("relay-lost");
    telemetry.log("error", "the media relay of an emergency call failed; the call goes on without", {
      callId: call.id,
      detail,
    });
    post(call.id, { event: { kind: "relay-lost", inUse: true }, otherwise: () => undefined });
  }

  /** Reads the record again. False: the call is over. */
  async #refresh(watched: Watched): Promise<boolean> {
    const stored = await this.#parts.store.load(watched.call.id);
    if (!stored.ok) return true;
    const read = stored.value === null ? null : parseCall(stored.value.document);
    if (read?.ok !== true) return false;
    watched.call = read.value;
    return read.value.phase === "up" && read.value.desk?.lost === false;
  }
}

/** A desk that was to be called, or has answered, is in the call until it is said to have gone. */
function standing(call: Call, talk: MixedTalk): Pick<MixLook, "wanted" | "fit"> {
  const last = call.facts.desk.at(-1)?.outcome;
  return { wanted: last === "called" || last === "joined", fit: fitOf(call, talk) };
}

function fitOf({ exchanges, unacked }: Call, talk: MixedTalk): MixFit {
  if (exchanges.length > 0 || unacked.length > 0 || isHeld(talk)) return "later";
  return canBeMixed(talk.two) ? "now" : "never";
}
