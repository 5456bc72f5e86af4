import {
  blankPreparation,
  compileSnapshot,
  ok,
  type EmergencyPlan,
  type EmergencyPreparation,
  type Failure,
  type PidfReader,
  type Result,
} from "@tandem/domain";
import { buildRequest, formatMultipart, type HeaderLine } from "@tandem/sip";
import { identityStep } from "../src/ingress/identity-step.ts";
import { conveyedStep, locateStep } from "../src/ingress/location-steps.ts";
import { prepareEmergency, type EmergencyCase, type PreparationPorts } from "../src/ingress/prepare-emergency.ts";
import { requestFacts } from "../src/ingress/request-facts.ts";
import type { FoundLocation, LocationQuestion } from "../src/ports/index.ts";
import { arriving, FakeClock, fakeHash, FakeTelemetry, requestFrom, sampleTopology } from "../src/testing/index.ts";

/** A site with an address, an ERL with another, and a location service. */
export const emergency: EmergencyPlan = {
  ...sampleTopology.emergency,
  sites: [
    { name: "hq", subnets: ["192.0.2.0/24"], policy: null, erl: "hq-erl", location: { country: "US", a3: "Albany" } },
  ],
  erls: [{ name: "hq-erl", elins: ["+12125550111"], location: { country: "US", a3: "Troy" } }],
  provider: { organization: "Example", id: null, contact: "tel:+12125550199", fqdn: "tandem.example.com" },
  lis: { secondary: { url: "http://lis.example/held", timeoutMs: 500 } },
};

const readPidf: PidfReader = (octets) =>
  octets.startsWith("pidf ")
    ? { method: octets.slice(5) || null, civic: { nam: "111-222-3333" }, geodetic: false, position: null }
    : null;

/** One emergency call and what it is prepared with. */
export class PreparationRig {
  readonly clock = new FakeClock();
  readonly telemetry = new FakeTelemetry();
  /** What the location sources were asked. */
  readonly questions: LocationQuestion[] = [];
  /** What they find. */
  found: () => Promise<Result<FoundLocation | null, Failure>> = () => Promise.resolve(ok(null));

  async prepare(sketch: Sketch = {}): Promise<EmergencyPreparation> {
    const compiled = compileSnapshot({ ...sampleTopology, emergency: sketch.plan ?? emergency });
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
    const body = sketch.body ?? "";
    const message = requestFrom({
      uri: "sip:911@192.0.2.1",
      ...(sketch.from === undefined ? {} : { from: sketch.from }),
      ...(body === "" ? {} : { body: " " }),
      headers: sketch.headers ?? [],
    });
    const request = arriving(body === "" ? message : withBody(message, body));
    const facts = {
      ...requestFacts(request, sketch.stranger === true ? null : (compiled.value.trunks.get("core") ?? null), {
        callId: "abcdefghijklmnopqrstuvwxyz",
        plan: compiled.value.emergency.plan,
      }),
      callerAddress: "192.0.2.77",
    };
    const incident = {
      callId: "abcdefghijklmnopqrstuvwxyz",
      request,
      facts,
      decision: {
        ...blankPreparation,
        kind: "emergency",
        site: sketch.site === undefined ? "hq" : sketch.site,
        policy: sketch.policy ?? null,
      },
      attempts: sketch.elin === true ? [{ emergency: { kind: "elin" } }] : [],
      snapshot: compiled.value,
    } as unknown as EmergencyCase;
    const ports: PreparationPorts = {
      locations: {
        locate: (question) => {
          this.questions.push(question);
          return this.found();
        },
      },
      known: {} as PreparationPorts["known"],
      clock: this.clock,
      telemetry: this.telemetry,
      hash: fakeHash,
      readPidf: sketch.readPidf ?? readPidf,
      unguessable: () => "unguessable1",
    };
    let made: EmergencyPreparation | null = null;
    void prepareEmergency(incident, ports, [identityStep, conveyedStep, locateStep]).then((done) => (made = done));
    await this.clock.advance(sketch.patienceMs ?? 0);
    if (made === null) throw new Error("the preparation takes longer");
    return made;
  }
}

export interface Sketch {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly from?: string;
  readonly site?: string | null;
  readonly plan?: EmergencyPlan;
  readonly stranger?: boolean;
  readonly elin?: boolean;
  readonly policy?: string;
  readonly conference?: "local";
  readonly readPidf?: PidfReader;
  /** How long the preparation may take. Default: no time at all. */
  readonly patienceMs?: number;
}

function withBody(message: ReturnType<typeof requestFrom>, body: string): ReturnType<typeof requestFrom> {
  const headers = message.headers.map(([name, value]): HeaderLine =>
    name === "Content-Type" ? [name, "multipart/mixed;boundary=b"] : [name, value],
  );
  return buildRequest({ method: "INVITE", uri: message.uri, headers, body });
}

export const pidfPart = (text: string): string =>
  formatMultipart([{ headers: [["Content-Type", "application/pidf+xml"]], body: text }], "b");
