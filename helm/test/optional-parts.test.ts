import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { startedWith } from "./support/container-environment.ts";
import { environment, find, podSpec, render, valuesFile, type Manifest } from "./support/manifests.ts";
import { environmentProblems } from "./support/processes.ts";
import { schemaProblems } from "./support/strict-schema.ts";

const ALL_ON = fileURLToPath(new URL("values/all-on.yaml", import.meta.url));

describe("what is off by default, switched on", () => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await render("--values", valuesFile("carriers"), "--values", ALL_ON);
  });
  const egressPorts = (name: string): readonly unknown[] =>
    find(manifests, "NetworkPolicy", name)["spec"].egress.flatMap(({ ports = [] }: { ports?: { port: unknown }[] }) =>
      ports.map(({ port }) => port),
    );

  it("fits its schemas", async () => {
    expect((await Promise.all(manifests.map(schemaProblems))).flat()).toEqual([]);
  });

  it("traces leave from workers, copies of messages from edges", () => {
    const worker = startedWith(find(manifests, "Deployment", "tandem-east-worker"), "worker");
    const edge = find(manifests, "DaemonSet", "tandem-east-edge");
    expect(worker).toMatchObject({
      TANDEM_OTLP: "http://collector.monitoring:4318/v1/traces",
      TANDEM_OTLP_PERCENT: "5",
    });
    expect(worker).not.toHaveProperty("TANDEM_HEP");
    expect(startedWith(edge, "edge")).toMatchObject({ TANDEM_HEP: "homer.example.net:9060", TANDEM_HEP_ID: "2100" });
    expect(environment(edge, "edge")["TANDEM_HEP_KEY"]).toEqual({
      valueFrom: { secretKeyRef: { name: "tandem-secrets", key: "hep-key" } },
    });
    expect(egressPorts("tandem-east-worker")).toContain(4318);
  });

  it("emergency records and mail leave from controllers, with their secrets by reference", () => {
    const controller = find(manifests, "Deployment", "tandem-controller");
    expect(startedWith(controller, "controller")).toMatchObject({
      TANDEM_CDR_FILE: "/var/lib/tandem/tandem-pod-7d9f-x2x4q.jsonl",
      TANDEM_EMERGENCY_FILE: "/var/lib/tandem/tandem-pod-7d9f-x2x4q.emergency.jsonl",
      TANDEM_EMERGENCY_WEBHOOK: "https://safety.example.com:8443/records",
      TANDEM_EMERGENCY_WEBHOOK_TIMEOUT_MS: "10000",
      TANDEM_EMERGENCY_KEEP_DAYS: "365",
      TANDEM_SMTP_URL: "smtps://mail.example.com",
      TANDEM_SMTP_FROM: "tandem@example.com",
    });
    for (const [name, key] of [
      ["TANDEM_CDR_WEBHOOK_SECRET", "cdr-hmac"],
      ["TANDEM_EMERGENCY_WEBHOOK_SECRET", "records-hmac"],
      ["TANDEM_SMTP_USER", "mail-user"],
      ["TANDEM_SMTP_PASSWORD", "mail-password"],
    ] as const)
      expect(environment(controller, "controller")[name]).toEqual({
        valueFrom: { secretKeyRef: { name: "tandem-secrets", key } },
      });
    expect(environment(controller, "controller")).not.toHaveProperty("TANDEM_EMERGENCY_WEBHOOK_TOKEN");
    expect(egressPorts("tandem-controller")).toEqual(expect.arrayContaining([443, 8443, 465]));
  });

  it("emergency records are kept as long as the values say, also where nobody is sent them", async () => {
    const kept = await render("--values", valuesFile("trial"), "--set", "controller.emergencyRecords.keepDays=30");
    const controller = startedWith(find(kept, "Deployment", "tandem-controller"), "controller");
    expect(controller).toMatchObject({ TANDEM_EMERGENCY_KEEP_DAYS: "30" });
    expect(controller).not.toHaveProperty("TANDEM_EMERGENCY_WEBHOOK");
  });

  it("devices ask for their location at the address they come from, over TLS", () => {
    const api = find(manifests, "Deployment", "tandem-control-api");
    expect(startedWith(api, "control-api")).toMatchObject({
      TANDEM_HELD: "0.0.0.0:8443",
      TANDEM_HELD_CERT: "/etc/tandem/held/tls.crt",
      TANDEM_HELD_KEY: "/etc/tandem/held/tls.key",
      TANDEM_HELD_PROXIES: "10.0.0.0/24",
      TANDEM_HELD_RATE: "120",
    });
    expect(podSpec(api).volumes).toContainEqual({
      name: "held-tls",
      secret: { secretName: "held-tls", defaultMode: 0o440 },
    });
    expect(find(manifests, "Service", "tandem-control-api-held")["spec"]).toMatchObject({
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
    });
  });

  it("mixers take commands of workers and audio of relays, each pod under a name of its own", async () => {
    const mixer = find(manifests, "StatefulSet", "tandem-media-mixer");
    expect(startedWith(mixer, "media-mixer")).toMatchObject({
      TANDEM_MIXER_CONTROL: "0.0.0.0:22300",
      TANDEM_MIXER_ADDRESS: "10.244.1.7",
      TANDEM_MIXER_MAX_CALLS: "50",
    });
    expect(mixer["spec"].serviceName).toBe("tandem-media-mixer");
    expect(find(manifests, "Service", "tandem-media-mixer")["spec"].clusterIP).toBe("None");
    expect(await environmentProblems(manifests)).toEqual([]);
    const { ingress, egress } = find(manifests, "NetworkPolicy", "tandem-media-mixer")["spec"];
    expect(ingress[1]).toMatchObject({ ports: [{ protocol: "UDP", port: 22_300 }] });
    expect(ingress[2]).toEqual({
      from: [{ ipBlock: { cidr: "192.0.2.0/24" } }],
      ports: [{ protocol: "UDP", port: 31_000, endPort: 31_999 }],
    });
    expect(egress).toHaveLength(1);
    expect(egressPorts("tandem-east-worker")).toContain(22_300);
  });
});
