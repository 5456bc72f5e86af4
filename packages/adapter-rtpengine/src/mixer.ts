import type { MediaAddress, MediaMixer, MixedCall } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { NgClient, unavailable, type NgDictionary } from "./ng-client.ts";

/** Mixers of media as a use of their control protocol, which is the form of rtpengine's. */
export interface MixerClient extends MediaMixer {
  close(): Promise<void>;
}

/** Longest that a call waits for one command. */
const COMMAND_MS = 250;

/** The mixers that listen at the addresses they are asked by. Opens its sockets with the first command. */
export function createMixerClient(): MixerClient {
  const client = new NgClient();
  const ask = async ({ mixer, callId }: MixedCall, command: NgDictionary): Promise<Result<NgDictionary, Failure>> => {
    const answer = await client.ask(mixer, { ...command, "call-id": callId }, COMMAND_MS);
    if (!answer.ok || answer.value["result"] === "ok") return answer;
    const reason = answer.value["error-reason"];
    return unavailable(typeof reason === "string" ? reason : "no answer of a mixer");
  };
  const done = (answer: Result<NgDictionary, Failure>): Result<void, Failure> => (answer.ok ? ok(undefined) : answer);
  return {
    async open(call, names) {
      const answer = await ask(call, { command: "open", voices: names });
      if (!answer.ok) return answer;
      const ports = portsIn(answer.value["voices"]);
      return names.every((name) => ports.has(name)) ? ok(ports) : unavailable("not all ports in the answer");
    },
    connect: (call, voices) => ask(call, { command: "connect", voices: Object.fromEntries(voices) }).then(done),
    async heard(call) {
      const answer = await ask(call, { command: "query" });
      if (!answer.ok) return answer;
      const { heard } = answer.value;
      return Array.isArray(heard) ? ok(heard.map(String)) : unavailable("nothing of whom is heard in the answer");
    },
    release: (call) => ask(call, { command: "delete" }).then(done),
    close: () => client.close(),
  };
}

function portsIn(voices: unknown): ReadonlyMap<string, MediaAddress> {
  const ports = new Map<string, MediaAddress>();
  if (typeof voices !== "object" || voices === null) return ports;
  for (const [name, told] of Object.entries(voices) as [string, unknown][]) {
    if (typeof told !== "object" || told === null || !("address" in told && "port" in told)) continue;
    const { address, port } = told;
    if (typeof address === "string" && typeof port === "number") ports.set(name, { address, port });
  }
  return ports;
}
