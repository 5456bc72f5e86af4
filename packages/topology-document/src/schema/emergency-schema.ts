import { civicFields, defaultServiceDescription, usualEmergencyNumbers } from "@tandem/domain";
import { z } from "zod";
import { count, duration, host, name } from "./fields.ts";
import { wording } from "./wording.ts";

const dialString = z
  .string()
  .regex(/^[0-9*#]{2,10}$/, wording("is no dial string", "use 2 to 10 of 0-9, * and #, without +"));
const e164 = z.string().regex(/^\+[0-9]{5,15}$/, wording("is no number", "write it as +12125550100"));
const sipUri = z
  .string()
  .max(256)
  .regex(/^sips?:\S+$/i, wording("is no SIP URI", "write it as sip:desk@example.net"));
const webAddress = z.url({
  protocol: /^https?$/,
  error: wording("is no web address", "write it as https://example.net/location"),
});
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, wording("is no header name", "write it as X-Client-Address"));
const service = z
  .string()
  .regex(
    /^urn:service:(?:test\.)?sos(?:\.[a-z0-9-]+)*$/,
    wording("is no emergency service", "write it as urn:service:sos.fire (RFC 5031), in lower case"),
  );

const emergencyNumber = z.strictObject({
  dial: dialString.describe("what goes to the E9-1-1 trunk"),
  masks: z.array(dialString).default([]).describe("other numbers that mean the same"),
  test: z.boolean().default(false).describe("a test number such as 933"),
  service: service.optional().describe("the service it stands for; default urn:service:sos"),
});

const civicAddress = z
  .partialRecord(z.enum(civicFields), z.string().min(1).max(256))
  .refine((written) => Object.keys(written).length > 0, {
    error: wording("is empty", "give country, a1, a3, rd, hno … (RFC 5139), or leave it out"),
  });

const screenedBy = z.enum(["provider", "screening-number"]);

const conference = z.strictObject({
  uri: sipUri.describe("the security desk"),
  mode: z
    .enum(["oneway", "twoway"])
    .default("oneway")
    .describe("oneway: the desk only hears; twoway by: local needs mediaMixers"),
  by: z
    .enum(["provider", "local"])
    .default("provider")
    .describe("who calls the desk: the E9-1-1 provider, or Tandem, which needs mediaRelays"),
  trunk: name.optional().describe("for by: local, the trunk to the desk"),
});
/** The port is 1 to 65535. */
const controlAddress = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\]):(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/,
    wording("is no address with a port from 1 to 65535", "write it as 192.0.2.20:22222 or [2001:db8::20]:22222"),
  );

const policy = z
  .strictObject({
    name,
    numbers: z.array(emergencyNumber).max(100).default([]).describe("numbers besides those of the section"),
    trunks: z.array(name).default([]).describe("E9-1-1 trunks before those of the section"),
    fallbackTrunks: z.array(name).default([]).describe("fallback trunks before those of the section"),
    locationRequired: z
      .enum(["no", "yes", "disclaimer"])
      .default("no")
      .describe("what clients ask of their user; no call is refused for want of a location"),
    disclaimer: z.string().max(2_000).optional().describe("text for locationRequired: disclaimer"),
    screenedCalls: screenedBy.optional().describe("who asks these callers, where it is not as in the section"),
    notify: z.array(name).max(50).default([]).describe("notification targets"),
    conference: conference.optional().describe("a security desk that joins the call"),
    testCalls: z
      .strictObject({
        trunks: z.array(name).default([]).describe("where test calls go; default: the E9-1-1 trunks"),
        notify: z.boolean().default(true).describe("notify test calls too, marked TEST"),
      })
      .prefault({}),
  })
  .refine((written) => written.locationRequired !== "disclaimer" || written.disclaimer !== undefined, {
    path: ["disclaimer"],
    error: wording("is missing", "write the text that users are shown"),
  });

const site = z.strictObject({
  name,
  subnets: z.array(z.string()).min(1).describe("CIDR blocks or addresses; of all sites the longest match counts"),
  policy: name.optional().describe("location policy of callers here"),
  erl: name.optional().describe("emergency response location of callers here"),
  location: civicAddress.optional().describe("default location of callers here"),
});

const erl = z.strictObject({
  name,
  elins: z.array(e164).max(100).default([]).describe("numbers that stand for the location"),
  location: civicAddress.optional(),
});

const escalation = {
  escalateTo: name.optional().describe("target that is told when nobody acknowledged"),
  escalateAfter: duration(10_000, 3_600_000).default(120_000).describe("so long after the notification"),
};

const notificationTarget = z.discriminatedUnion("kind", [
  z.strictObject({ name, kind: z.literal("sip"), uri: sipUri, trunk: name, ...escalation }),
  z.strictObject({
    name,
    kind: z.literal("webhook"),
    url: webAddress,
    secretEnv: z.string().min(1).optional().describe("environment variable that holds the signing key"),
    ...escalation,
  }),
  z.strictObject({ name, kind: z.literal("email"), address: z.email(), ...escalation }),
]);

const provider = z.strictObject({
  organization: z.string().min(1).max(128),
  id: z.string().min(1).max(64).optional().describe("NENA company id"),
  contact: z
    .string()
    .regex(/^(?:tel|sips?):\S+$/i, wording("is no tel or SIP URI", "write it as tel:+12125550100"))
    .describe("answered at any hour"),
  fqdn: host.describe("host of identifiers, provided-by of added locations"),
  service: z
    .strictObject({
      environment: z.enum(["Business", "Residence", "Unknown"]).default(defaultServiceDescription.environment),
      type: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,32}$/, wording("is no service type", "use one of the registry, such as MLTS-hosted"))
        .default(defaultServiceDescription.type)
        .describe("service type of RFC 7852"),
      mobility: z.enum(["Mobile", "Fixed", "Nomadic", "Unknown"]).default(defaultServiceDescription.mobility),
    })
    .prefault({})
    .describe("what service the callers have (ServiceInfo)"),
});

/** The emergency section as written. */
export const emergency = z
  .strictObject({
    trunks: z.array(name).default([]).describe("E9-1-1 trunks in order of preference"),
    preferOwnPool: z.boolean().default(true).describe("those of the pool the call arrived at come first"),
    fallbackTrunks: z.array(name).default([]).describe("after the E9-1-1 trunks, in order"),
    numbers: z
      .array(emergencyNumber)
      .min(1, wording("lists no number", "leave it out for 911 and 933, or list yours"))
      .max(100)
      .default(usualEmergencyNumbers.map((number) => ({ ...number, masks: [...number.masks] })))
      .describe("numbers that are emergency calls; default 911 and the test number 933"),
    screeningNumber: e164.optional().describe("emergency call centre that asks for the location; dialled last"),
    screenedCalls: screenedBy.default("provider").describe("who asks callers whose location cannot be trusted"),
    screeningTrunks: z.array(name).default([]).describe("trunks for it; default: all to PSTN gateways and SBCs"),
    connectTimeout: duration(100, 60_000).default(2_000).describe("next way out when nothing at all came"),
    progressTimeout: duration(500, 600_000).default(6_000).describe("next way out when no 18x came"),
    callbackWindow: duration(0, 3_600_000).default(1_800_000).describe("how long a callback reaches the caller"),
    callbackHeader: z
      .strictObject({ name: headerName, value: z.string().min(1).max(256) })
      .optional()
      .describe("header that callbacks carry to the caller's side, to pass forwards and do-not-disturb there"),
    preemption: z.enum(["off", "oldest"]).default("oldest").describe("what gives way on a full trunk"),
    clearFallback: z.boolean().default(false).describe("after a TLS failure: over the trunk's clearTrunk"),
    siteFrom: z
      .enum(["source", "via", "contact", "header"])
      .default("source")
      .describe("where the address comes from that tells a caller's site"),
    siteHeader: headerName.optional().describe("for siteFrom: header"),
    policy: name.optional().describe("location policy of callers whom nothing else gives one"),
    policies: z.array(policy).max(10_000).default([]),
    users: z
      .array(z.strictObject({ numbers: z.array(z.string().min(1).max(256)).min(1), policy: name }))
      .default([])
      .describe("callers by number whose policy is not their pool's"),
    sites: z.array(site).default([]).describe("places in the network"),
    erls: z.array(erl).default([]).describe("emergency response locations"),
    notificationTargets: z.array(notificationTarget).max(1_000).default([]).describe("who can be told"),
    mediaRelays: z
      .array(controlAddress)
      .max(100)
      .default([])
      .describe("ng control ports of rtpengine, for conferences by: local; every worker reaches each"),
    mediaMixers: z
      .array(controlAddress)
      .max(100)
      .default([])
      .describe("control ports of media-mixer, for conferences by: local with mode: twoway; every worker reaches each"),
    lis: z
      .strictObject({
        secondary: z
          .strictObject({ url: webAddress, timeout: duration(50, 500).default(500) })
          .optional()
          .describe("HTTP source that is asked when the location database knows nothing"),
      })
      .prefault({}),
    provider: provider.optional().describe("who we are to PSAPs"),
    heartbeat: z
      .strictObject({
        interval: duration(5_000, 3_600_000).default(60_000),
        testCallInterval: duration(60_000, 604_800_000).default(86_400_000),
      })
      .prefault({}),
  })
  .refine((written) => (written.siteFrom === "header") === (written.siteHeader !== undefined), {
    path: ["siteHeader"],
    error: wording("belongs to siteFrom: header", "set both or neither"),
  });

/** A trunk's emergency settings as written. */
export const trunkEmergency = z.strictObject({
  profile: z
    .enum(["pidf-lo", "i3", "elin", "plain"])
    .optional()
    .describe("form of emergency INVITEs; default pidf-lo to an e911 gateway, else plain"),
  location: z.enum(["pass", "strip"]).optional().describe("what becomes of the caller's location; default pass"),
  psap: z.boolean().optional().describe("calls from here may be callbacks; default: from e911 gateways"),
  testCall: z.boolean().optional().describe("the heartbeat may place test calls; default false"),
  heartbeat: z.boolean().optional().describe("the heartbeat walks this path; default true"),
});

/** Places kept for emergency calls. */
export const emergencyReserve = count(0, 1_000_000)
  .optional()
  .describe("of maxCalls, places that no ordinary call takes; default 0");
