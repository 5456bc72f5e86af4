import { err, ok, spread, type Call, type Failure, type Result } from "@tandem/domain";
import type { MediaAddress, MixedCall, RelayedWay } from "../ports/index.ts";
import type { DeskAudio } from "./desk-audio.ts";
import type { Heard } from "./heard-call.ts";
import { MixWatch, type MixWatchParts } from "./mix-watch.ts";
import { addressIn, DESK_FORMATS, describeMixer, formatsIn, wantsToTalk } from "./mixed-description.ts";
import { canBeMixed, twoWhoTalk } from "./mixed-path.ts";
import { unattended } from "./unattended.ts";

/** The desk, at the relay and at the mixer; and the mixer as the desk's peer at the relay. */
const [DESK, MIXER] = ["desk", "mixer"] as const;
/** Mixers that are asked for one call. */
const MOST_ASKED = 2;

const NO_MIXER: Failure = { code: "relay-unavailable", detail: "the call has no mixer" };

/** A desk that hears and is heard: it and the two who talk meet at a mixer. The two hear each other directly until that is proved, and whenever it fails. */
export class MixedDesk implements DeskAudio {
  readonly #parts: MixWatchParts;
  readonly #watch: MixWatch;

  constructor(parts: MixWatchParts) {
    this.#parts = parts;
    this.#watch = new MixWatch(parts);
  }

  /** The mixer that takes the call; null: none does, or the two do not talk as a mixer can. */
  async find(call: Call, mixers: readonly string[]): Promise<string | null> {
    const two = twoWhoTalk(call);
    if (call.desk === null || two === null || !canBeMixed(two)) return null;
    const first = Math.floor(spread(call.id, "mixer") * mixers.length);
    for (const mixer of [...mixers.slice(first), ...mixers.slice(0, first)].slice(0, MOST_ASKED)) {
      if ((await this.#port({ mixer, callId: call.id })).ok) return mixer;
    }
    return null;
  }

  /** Looks after a call whose desk is in it, as long as that is so; of one whose desk has gone, that the two hear each other directly. */
  watch(call: Call): void {
    if (call.desk?.mixer !== undefined && call.facts.desk.at(-1)?.outcome !== "called") this.#watch.begin(call);
  }

  /** Leaves that to other workers. */
  stop(): void {
    this.#watch.stop();
  }

  async offer(heard: Heard): Promise<Result<string, Failure>> {
    const described = await this.#described(heard);
    return described.ok ? this.#parts.media.offer(wayOf(heard, MIXER, DESK), described.value) : described;
  }

  async accept(heard: Heard, answer: string): Promise<Result<void, Failure>> {
    const there = await this.#parts.media.answer(wayOf(heard, DESK, MIXER), answer);
    const connected = there.ok ? await this.#connect(heard, answer, there.value) : there;
    if (connected.ok) this.#watch.begin(heard.call);
    return connected;
  }

  async renegotiate(heard: Heard, offered: string): Promise<Result<string, Failure>> {
    const there = await this.#parts.media.offer(wayOf(heard, DESK, MIXER), offered);
    if (!there.ok) return there;
    const described = await this.#described(heard);
    const told = described.ok ? await this.#parts.media.answer(wayOf(heard, MIXER, DESK), described.value) : described;
    const connected = told.ok ? await this.#connect(heard, offered, there.value) : told;
    return connected.ok ? told : connected;
  }

  /** The two first hear each other directly; then the mixer is told, if that is certain. */
  end({ call }: Heard): void {
    unattended(this.#end(call), { callId: call.id, telemetry: this.#parts.telemetry });
  }

  async #end(call: Call): Promise<void> {
    if (await this.#watch.leave(call)) this.release(call);
  }

  /** The call is over. */
  release(call: Call): void {
    this.#watch.end(call.id);
    const mixer = call.desk?.mixer;
    if (mixer !== undefined) void this.#parts.mixers.release({ mixer, callId: call.id });
  }

  async #described(heard: Heard): Promise<Result<string, Failure>> {
    const at = mixedCall(heard);
    const port = at === null ? err(NO_MIXER) : await this.#port(at);
    return port.ok ? ok(describeMixer(port.value, DESK_FORMATS, "sendrecv")) : port;
  }

  /** A desk that holds the call is mute meanwhile: nobody is to hear its music. */
  async #connect(heard: Heard, desk: string, there: string): Promise<Result<void, Failure>> {
    const [at, address, formats] = [mixedCall(heard), addressIn(there), formatsIn(there)];
    if (at === null || address === null) return err(NO_MIXER);
    const voice = { to: address, from: address, says: formats, hears: wantsToTalk(desk) ? formats : {} };
    return this.#parts.mixers.connect(at, new Map([[DESK, voice]]));
  }

  async #port(at: MixedCall): Promise<Result<MediaAddress, Failure>> {
    const opened = await this.#parts.mixers.open(at, [DESK]);
    if (!opened.ok) return opened;
    const port = opened.value.get(DESK);
    return port === undefined ? err(NO_MIXER) : ok(port);
  }
}

function mixedCall({ callId, desk: { mixer } }: Heard): MixedCall | null {
  return mixer === undefined ? null : { mixer, callId };
}

function wayOf({ callId, desk: { relay } }: Heard, from: string, to: string): RelayedWay {
  return { relay, callId, from, to };
}
