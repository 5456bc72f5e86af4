import { describe, expect, it } from "vitest";
import { find, manifestsOf, ofKind, podSpec, render, valuesFile } from "./support/manifests.ts";

describe("how calls reach a pool", () => {
  it("on the nodes' network: one edge per node, its ports the node's, names resolved in the cluster", async () => {
    const manifests = await manifestsOf("carriers");
    for (const [kind, name] of [
      ["DaemonSet", "tandem-east-edge"],
      ["Deployment", "tandem-west-edge"],
    ] as const) {
      const edge = find(manifests, kind, name);
      expect(podSpec(edge)).toMatchObject({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" });
      expect(podSpec(edge).affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey).toBe(
        "kubernetes.io/hostname",
      );
    }
    // The next one needs the ports of the one before.
    expect(find(manifests, "Deployment", "tandem-west-edge")["spec"].strategy.rollingUpdate).toEqual({
      maxSurge: 0,
      maxUnavailable: 1,
    });
    expect(ofKind(manifests, "Service").filter(({ spec }) => spec.type === "LoadBalancer")).toEqual([]);
  });

  it("on the nodes' network: external-dns publishes the pool's name with the nodes' addresses", async () => {
    const service = find(await manifestsOf("carriers"), "Service", "tandem-east");
    expect(service["spec"].clusterIP).toBe("None");
    expect(service.metadata.annotations).toMatchObject({
      "external-dns.alpha.kubernetes.io/hostname": "east.sip.example.com",
      "external-dns.alpha.kubernetes.io/endpoints-type": "NodeExternalIP",
    });
  });

  it.each([
    ["load-balancer", "tandem-main", "LoadBalancer", ["core UDP 5060", "core-tcp TCP 5060", "secure TCP 5061"]],
    ["node-port", "tandem-main", "NodePort", ["core UDP 5060", "outside TCP 5062"]],
  ] as const)("%s: %s keeps the peer's address", async (name, service, type, ports) => {
    const { spec } = find(await manifestsOf(name), "Service", service);
    expect(spec).toMatchObject({ type, externalTrafficPolicy: "Local" });
    expect(
      spec.ports.map(
        (each: { name: string; protocol: string; port: number }) => `${each.name} ${each.protocol} ${each.port}`,
      ),
    ).toEqual(ports);
  });

  it("one name leads to one balancer, which keeps the address of peers over TCP too and asks edges for their health", async () => {
    const published = ofKind(await manifestsOf("load-balancer"), "Service").filter(
      ({ metadata }) => metadata.annotations?.["external-dns.alpha.kubernetes.io/hostname"] === "sip.example.com",
    );
    expect(published.map(({ metadata }) => metadata.name)).toEqual(["tandem-main"]);
    const aws = "service.beta.kubernetes.io/aws-load-balancer";
    expect(published[0]?.metadata.annotations).toMatchObject({
      [`${aws}-nlb-target-type`]: "ip",
      [`${aws}-target-group-attributes`]: "preserve_client_ip.enabled=true",
      [`${aws}-healthcheck-port`]: "9090",
    });
    const edge = podSpec(find(await manifestsOf("load-balancer"), "Deployment", "tandem-main-edge")).containers[0];
    expect(edge.ports).toContainEqual({ name: "http", containerPort: 9090 });
  });

  it("two Services with one address: what the values say of the balancer is on both", async () => {
    const exposure = {
      type: "LoadBalancer",
      servicePerProtocol: true,
      sharedAddress: true,
      loadBalancerClass: "metallb.io/metallb",
      loadBalancerIP: "192.0.2.5",
      allocateNodePorts: false,
      sourceRanges: ["198.51.100.0/24"],
      externalDns: true,
      annotations: { "metallb.io/allow-shared-ip": "main" },
    };
    const sets = ["--set-json", `pools[0].exposure=${JSON.stringify(exposure)}`];
    const manifests = await render("--values", valuesFile("load-balancer"), ...sets);
    for (const [name, ports] of [
      ["tandem-main-udp", ["core"]],
      ["tandem-main-tcp", ["core-tcp", "secure"]],
    ] as const) {
      const { spec, metadata } = find(manifests, "Service", name);
      expect(spec).toMatchObject({
        externalTrafficPolicy: "Local",
        loadBalancerClass: "metallb.io/metallb",
        loadBalancerIP: "192.0.2.5",
        allocateLoadBalancerNodePorts: false,
        loadBalancerSourceRanges: ["198.51.100.0/24"],
      });
      expect(spec.ports.map((each: { name: string }) => each.name)).toEqual(ports);
      expect(metadata.annotations).toEqual({
        "external-dns.alpha.kubernetes.io/hostname": "sip.example.com",
        "metallb.io/allow-shared-ip": "main",
      });
    }
  });

  it("node ports are those that peers are told", async () => {
    const { spec } = find(await manifestsOf("node-port"), "Service", "tandem-main");
    expect(spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort)).toEqual([30060, 30062]);
  });

  it.each([
    ["carriers", "tandem-east-core", "sip", "UDP", 5060],
    ["carriers", "tandem-east-core-tcp", "sip", "TCP", 5060],
    ["carriers", "tandem-east-e911", "sips", "TCP", 5061],
    ["trial", "tandem-main-outside", "sip", "UDP", 5062],
    ["fused", "tandem-site-core", "sip", "UDP", 5060],
  ] as const)(
    "%s: %s has an SRV record _%s of every ready edge (RFC 3263)",
    async (name, service, port, protocol, number) => {
      const { spec } = find(await manifestsOf(name), "Service", service);
      expect(spec).toMatchObject({ clusterIP: "None", ports: [{ name: port, protocol, port: number }] });
      expect(spec.publishNotReadyAddresses).toBeUndefined();
    },
  );
});

describe("TLS", () => {
  it("a certificate for server and client use, by DNS name and SIP URI (RFC 5922), whose Secret the edge mounts", async () => {
    const manifests = await manifestsOf("carriers");
    const { spec } = find(manifests, "Certificate", "tandem-east-e911");
    expect(spec).toMatchObject({
      secretName: "tandem-east-e911-tls",
      issuerRef: { name: "sip-ca", kind: "ClusterIssuer", group: "cert-manager.io" },
      dnsNames: ["east.sip.example.com"],
      uris: ["sip:east.sip.example.com"],
      privateKey: { rotationPolicy: "Always" },
    });
    expect(spec.usages).toEqual(expect.arrayContaining(["server auth", "client auth"]));
    expect(podSpec(find(manifests, "DaemonSet", "tandem-east-edge")).volumes).toEqual([
      { name: "tls-e911", secret: { secretName: "tandem-east-e911-tls", defaultMode: 0o440 } },
      { name: "tls-ca-e911", secret: { secretName: "e911-provider-ca", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    ]);
  });

  it("mutual TLS asks for the peers' own authority", async () => {
    const [container] = podSpec(find(await manifestsOf("carriers"), "DaemonSet", "tandem-east-edge")).containers;
    const { value } = container.env.find(({ name }: { name: string }) => name === "TANDEM_LISTENERS");
    expect(JSON.parse(value)[3].tls).toEqual({
      certificateFile: "/etc/tandem/tls/e911/tls.crt",
      keyFile: "/etc/tandem/tls/e911/tls.key",
      caFile: "/etc/tandem/tls-ca/e911/ca.crt",
      mutual: true,
    });
  });

  it("a certificate of one's own is mounted, and none is asked of cert-manager", async () => {
    const manifests = await manifestsOf("load-balancer");
    expect(ofKind(manifests, "Certificate")).toEqual([]);
    expect(podSpec(find(manifests, "Deployment", "tandem-main-edge")).volumes[0].secret.secretName).toBe("sip-tls");
  });
});
