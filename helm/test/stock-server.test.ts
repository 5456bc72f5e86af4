import { describe, expect, it } from "vitest";
import { startedWith } from "./support/container-environment.ts";
import { environment, find, manifestsOf, podSpec, render, valuesFile } from "./support/manifests.ts";

describe("a pool behind stock drachtio-servers", () => {
  it("every worker of every pool knows it and its listeners", async () => {
    const manifests = await manifestsOf("drachtio");
    for (const pool of ["legacy", "carriers"]) {
      const started = startedWith(find(manifests, "Deployment", `tandem-${pool}-worker`), "worker");
      expect(JSON.parse(started["TANDEM_STOCK_POOLS"] ?? "")).toEqual({
        legacy: [
          { name: "core", transport: "udp" },
          { name: "core-tcp", transport: "tcp" },
          { name: "secure", transport: "tls" },
        ],
      });
    }
  });

  it("the server listens where the pool does, tells its own node's address, and takes its secret by reference", async () => {
    const edge = find(await manifestsOf("drachtio"), "Deployment", "tandem-legacy-edge");
    const [container] = podSpec(edge).containers;
    expect([container.image, container.command]).toEqual([
      "registry.example/voice/drachtio-server:0.9.10",
      ["drachtio"],
    ]);
    expect(container.args.join(" ")).toBe(
      "--file /etc/drachtio/drachtio.conf.xml " +
        "--contact sip:$(TANDEM_POD_ADDRESS):5060;transport=udp --external-ip $(TANDEM_ADVERTISED_ADDRESS) " +
        "--contact sip:$(TANDEM_POD_ADDRESS):5060;transport=tcp --external-ip $(TANDEM_ADVERTISED_ADDRESS) " +
        "--contact sips:$(TANDEM_POD_ADDRESS):5061;transport=tls --external-ip $(TANDEM_ADVERTISED_ADDRESS) " +
        "--key-file /etc/tandem/tls/secure/tls.key --cert-file /etc/tandem/tls/secure/tls.crt --chain-file /etc/tandem/tls/secure/tls.crt",
    );
    expect(environment(edge, "edge")).toMatchObject({
      TANDEM_ADVERTISED_ADDRESS: { valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
      DRACHTIO_SECRET: { valueFrom: { secretKeyRef: { name: "tandem-link", key: "secret" } } },
    });
    expect(podSpec(edge).volumes.map(({ name }: { name: string }) => name)).toEqual(["tls-secure", "drachtio"]);
  });

  it("its calls have time to end, because the server ends at once when it is told to", async () => {
    const { containers, terminationGracePeriodSeconds } = podSpec(
      find(await manifestsOf("drachtio"), "Deployment", "tandem-legacy-edge"),
    );
    expect(containers[0].lifecycle.preStop.exec.command).toEqual(["sleep", "3600"]);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(3_600);
  });

  it("one that leaves is not found any more, and workers give it no new calls", async () => {
    const manifests = await manifestsOf("drachtio");
    const found = ["legacy", "carriers"].map((pool) => find(manifests, "Service", `tandem-${pool}-edges`)["spec"]);
    expect(found.map(({ publishNotReadyAddresses }) => publishNotReadyAddresses)).toEqual([false, true]);
  });

  it("emergency calls go there where the values say that this is accepted", async () => {
    const accepted = ["pools[0].emergency=true", "pools[0].edges.drachtio.emergency=true"];
    const sets = accepted.flatMap((set) => ["--set", set]);
    const edge = find(await render("--values", valuesFile("drachtio"), ...sets), "Deployment", "tandem-legacy-edge");
    expect(podSpec(edge).containers[0].command).toEqual(["drachtio"]);
  });

  it("changed settings of the server start it again, and no secret is among them", async () => {
    const before = await manifestsOf("drachtio");
    const after = await render(
      "--values",
      valuesFile("drachtio"),
      "--set",
      "pools[0].edges.drachtio.transactionSeconds=4",
    );
    const config = find(after, "ConfigMap", "tandem-legacy-drachtio")["data"]["drachtio.conf.xml"] as string;
    expect(config).toContain("<t1x64>4000</t1x64>");
    expect(config).not.toContain("secret");
    const mark = (manifests: typeof before): string =>
      find(manifests, "Deployment", "tandem-legacy-edge")["spec"].template.metadata.annotations[
        "tandem/drachtio-config"
      ];
    expect(mark(after)).not.toBe(mark(before));
  });

  it("pools of our own edges stay as they are", async () => {
    const edge = find(await manifestsOf("drachtio"), "Deployment", "tandem-carriers-edge");
    const [container] = podSpec(edge).containers;
    expect([container.command, podSpec(edge).volumes]).toEqual([undefined, undefined]);
    const plain = startedWith(find(await manifestsOf("carriers"), "Deployment", "tandem-west-worker"), "worker");
    expect(plain["TANDEM_STOCK_POOLS"]).toBeUndefined();
  });

  it("stands beside a worker in one pod, too", async () => {
    const manifests = await render(
      "--values",
      valuesFile("drachtio"),
      "--set",
      "pools[0].placement=together",
      "--set",
      "pools[0].edges.replicas=1",
    );
    const pod = podSpec(find(manifests, "Deployment", "tandem-legacy"));
    expect(
      pod.containers.map(({ name, command }: { name: string; command?: string[] }) => [name, command?.[0]]),
    ).toEqual([
      ["edge", "drachtio"],
      ["worker", undefined],
    ]);
    expect(pod.volumes.map(({ name }: { name: string }) => name)).toContain("drachtio");
    // The pod is not ready before its worker found the server.
    expect(find(manifests, "Service", "tandem-legacy-edges")["spec"].publishNotReadyAddresses).toBe(true);
  });
});
