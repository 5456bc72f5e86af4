import { describe, expect, it } from "vitest";
import { CASES, find, manifestsOf, ofKind, podSpec, render, valuesFile, workloads } from "./support/manifests.ts";

describe("Pod Security", () => {
  it.each(CASES)("%s: every pod is `restricted` but for what the values ask of the node", async (name) => {
    for (const workload of workloads(await manifestsOf(name))) {
      const spec = podSpec(workload);
      const who = `${workload.kind} ${workload.metadata.name}`;
      expect(spec.securityContext, who).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      for (const container of spec.containers) {
        expect(container.securityContext, who).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ["ALL"] },
        });
        for (const { hostPort } of container.ports ?? []) expect(hostPort, who).toBeUndefined();
      }
      const allowed = ["configMap", "secret", "projected", "emptyDir", "persistentVolumeClaim"];
      const volumes = (spec.volumes ?? []).flatMap((volume: object) =>
        Object.keys(volume).filter((key) => key !== "name"),
      );
      const askedFor = name === "carriers" && workload.metadata.name === "tandem-west-worker" ? ["hostPath"] : [];
      for (const kind of volumes) expect([...allowed, ...askedFor], who).toContain(kind);
      const onHost = ["carriers", "drachtio", "fused"].includes(name) && /edge|site/.test(workload.metadata.name);
      expect(spec.hostNetwork ?? false, who).toBe(onHost);
      expect([spec.hostPID, spec.hostIPC], who).toEqual([undefined, undefined]);
    }
  });

  it.each(CASES)("%s: no pod but the control API's that scales has a token of the cluster", async (name) => {
    const manifests = await manifestsOf(name);
    const scales = ofKind(manifests, "Role").length > 0;
    const mounted = workloads(manifests).filter((each) => podSpec(each).automountServiceAccountToken !== false);
    expect(mounted.map(({ metadata }) => metadata.name)).toEqual(scales ? ["tandem-control-api"] : []);
  });

  it.each(CASES)("%s: no secret stands in a manifest but in a Secret", async (name) => {
    const texts = (await manifestsOf(name)).filter(({ kind }) => kind !== "Secret").map((each) => JSON.stringify(each));
    for (const text of texts) expect(text).not.toMatch(/(password|secret|token)"?:"[^"$]{8,}"/i);
  });
});

describe("the spool", () => {
  it("on a node's disk that nobody prepared keeps no worker from serving calls", async () => {
    const { volumes } = podSpec(find(await manifestsOf("carriers"), "Deployment", "tandem-west-worker"));
    const hostPath = { path: "/var/spool/tandem", type: "DirectoryOrCreate" };
    expect(volumes).toContainEqual({ name: "spool", hostPath });
  });
});

describe("rights", () => {
  it("the control API sets the size of exactly the pools' Deployments, and reads what it cannot set", async () => {
    const { rules } = find(await manifestsOf("carriers"), "Role", "tandem-pool-scaler");
    expect(rules).toEqual([
      {
        apiGroups: ["apps"],
        resources: ["deployments/scale"],
        resourceNames: ["tandem-west-edge", "tandem-west-worker"],
        verbs: ["patch"],
      },
      { apiGroups: ["apps"], resources: ["daemonsets/status"], resourceNames: ["tandem-east-edge"], verbs: ["get"] },
      {
        apiGroups: ["apps"],
        resources: ["deployments/status"],
        resourceNames: ["tandem-east-worker", "tandem-west-edge", "tandem-west-worker"],
        verbs: ["get"],
      },
    ]);
  });

  it("where every pool has an autoscaler, it may only read", async () => {
    const manifests = await render("--values", valuesFile("load-balancer"), "--set", "controlApi.scaling.enabled=true");
    expect(find(manifests, "Role", "tandem-pool-scaler")["rules"]).toEqual([
      {
        apiGroups: ["apps"],
        resources: ["deployments/status"],
        resourceNames: ["tandem-main-edge", "tandem-main-worker"],
        verbs: ["get"],
      },
    ]);
  });

  it.each(CASES)("%s: no right on anything else, and none cluster-wide", async (name) => {
    const manifests = await manifestsOf(name);
    expect(ofKind(manifests, "ClusterRole", "ClusterRoleBinding")).toEqual([]);
    for (const { rules } of ofKind(manifests, "Role"))
      for (const { resources, resourceNames, verbs } of rules) {
        expect(resources[0]).toMatch(/^(deployments\/scale|deployments\/status|daemonsets\/status)$/);
        expect(resourceNames.length).toBeGreaterThan(0);
        expect(["get", "patch"]).toEqual(expect.arrayContaining(verbs));
      }
  });
});

describe("network policies", () => {
  const policy = async (name: string, policyName: string) =>
    find(await manifestsOf(name), "NetworkPolicy", policyName)["spec"];
  const ports = (rules: { ports?: { port: string | number }[] }[]) =>
    rules.map((rule) => (rule.ports ?? []).map(({ port }) => port));

  it.each(CASES.filter((name) => name !== "node-port"))(
    "%s: every pod off the host's network has one, for both directions",
    async (name) => {
      const manifests = await manifestsOf(name);
      const policies = ofKind(manifests, "NetworkPolicy").map(({ spec }) => spec);
      for (const spec of policies) expect(spec.policyTypes).toEqual(["Ingress", "Egress"]);
      for (const workload of workloads(manifests)) {
        if (workload.kind === "Pod" || podSpec(workload).hostNetwork) continue;
        const labels = workload["spec"].template.metadata.labels;
        const found = policies.filter((spec) =>
          Object.entries(spec.podSelector.matchLabels).every(([key, value]) => labels[key] === value),
        );
        expect(found.length, workload.metadata.name).toBe(1);
      }
    },
  );

  it("an edge takes SIP from peers, workers at its own port, and Prometheus", async () => {
    const { ingress, egress } = await policy("trial", "tandem-main-edge");
    expect(ports(ingress)).toEqual([["core", "outside"], ["admin"], ["http"]]);
    expect(ingress[1].from).toMatchObject([
      { podSelector: { matchExpressions: [{ key: "app.kubernetes.io/component", values: ["worker", "pool"] }] } },
    ]);
    expect(ports(egress)).toEqual([[53, 53], []]);
  });

  it("a worker speaks to edges, Redis and DNS, and only Prometheus to it", async () => {
    const { ingress, egress } = await policy("trial", "tandem-main-worker");
    expect(ports(ingress)).toEqual([["http"]]);
    expect(ports(egress)).toEqual([[53, 53], [9022], ["redis"]]);
  });

  it("whoever needs Redis reaches it at the ports that the values name, wherever they name them", async () => {
    const external = ["--set-json", 'redis.external.hosts=["redis.example.com:6380"]', "--set", "redis.mode=external"];
    const manifests = await render("--values", valuesFile("trial"), ...external);
    for (const name of ["tandem-main-worker", "tandem-controller", "tandem-control-api"])
      expect(ports(find(manifests, "NetworkPolicy", name)["spec"].egress)).toContainEqual([6379, 26379, 6380]);
  });

  it("a worker reaches edges on the nodes' network by the nodes' blocks", async () => {
    const { egress } = await policy("carriers", "tandem-east-worker");
    expect(egress[1].to).toContainEqual({ ipBlock: { cidr: "10.0.0.0/24" } });
    expect(ports(egress)[1]).toEqual([9022, 9122]);
  });

  it("ends inside the cluster are selected, because no block matches them everywhere", async () => {
    const core = {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "core" } },
      podSelector: { matchLabels: { app: "core" } },
    };
    const edge = await policy("load-balancer", "tandem-main-edge");
    expect(edge.ingress[0].from).toEqual(expect.arrayContaining([{ ipBlock: { cidr: "198.51.100.0/24" } }, core]));
    expect(edge.egress[1].to).toEqual([{ ipBlock: { cidr: "198.51.100.0/24" } }, core]);
    const redis = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "redis" } } };
    const worker = await policy("load-balancer", "tandem-main-worker");
    expect(worker.egress[2]).toEqual({ to: [redis], ports: [{ protocol: "TCP", port: 6379 }] });
  });

  it.each([
    ["edge", "trial", "tandem-main-edge"],
    ["worker", "trial", "tandem-main-worker"],
    ["edge", "fused", "tandem-site"],
    ["controller", "trial", "tandem-controller"],
    ["controlApi", "trial", "tandem-control-api"],
  ])("more rules for %s (%s) reach its policy", async (part, name, policyName) => {
    const [from, to] = [{ from: [{ podSelector: {} }] }, { to: [{ podSelector: {} }] }];
    const rules = { extraIngress: { [part]: [from] }, extraEgress: { [part]: [to] } };
    const sets = ["--set-json", `networkPolicies=${JSON.stringify(rules)}`];
    // Off the nodes' network, where a policy is.
    const exposed = ["--set-json", 'poolDefaults.exposure={"type":"ClusterIP"}'];
    const manifests = await render("--values", valuesFile(name), ...exposed, ...sets);
    const found = ofKind(manifests, "NetworkPolicy").find(({ metadata }) => metadata.name.startsWith(policyName));
    expect(found?.["spec"].ingress).toContainEqual(from);
    expect(found?.["spec"].egress).toContainEqual(to);
  });

  it("a controller speaks to Redis and the receivers of records and mail", async () => {
    expect(ports((await policy("carriers", "tandem-controller")).egress)).toEqual([
      [53, 53],
      [6379, 26379],
      [443],
      [8443],
      [465],
    ]);
    expect(ports((await policy("trial", "tandem-controller")).egress)).toEqual([[53, 53], ["redis"]]);
  });

  it("only a control API that scales speaks to the Kubernetes API", async () => {
    expect(ports((await policy("carriers", "tandem-control-api")).egress)).toContainEqual([443, 6443]);
    expect(ports((await policy("load-balancer", "tandem-control-api")).egress)).not.toContainEqual([443, 6443]);
  });

  it("Redis is there for those who need it", async () => {
    const { ingress, egress } = await policy("trial", "tandem-redis");
    const who = ingress[0].from.map(
      ({ podSelector }: { podSelector: { matchLabels: Record<string, string>; matchExpressions?: unknown } }) =>
        podSelector.matchExpressions === undefined ? podSelector.matchLabels["app.kubernetes.io/component"] : "workers",
    );
    expect(who).toEqual(["workers", "controller", "control-api"]);
    expect(egress).toEqual([]);
  });
});

describe("priorities and budgets", () => {
  it("pools that carry emergency calls come first, as the topology's emergency trunks say or the values", async () => {
    const priority = async (name: string, kind: string, workload: string): Promise<string> =>
      podSpec(find(await manifestsOf(name), kind, workload)).priorityClassName;
    expect(await priority("carriers", "DaemonSet", "tandem-east-edge")).toBe("voice-tandem-emergency");
    expect(await priority("carriers", "Deployment", "tandem-east-worker")).toBe("voice-tandem-emergency");
    expect(await priority("carriers", "Deployment", "tandem-west-worker")).toBe("voice-tandem-ordinary");
    expect(await priority("trial", "Deployment", "tandem-main-worker")).toBe("voice-tandem-emergency");
    expect(await priority("trial", "StatefulSet", "tandem-redis")).toBe("voice-tandem-emergency");
    expect(await priority("node-port", "Deployment", "tandem-main")).toBe("voice-critical");
    const [emergency, ordinary] = ofKind(await manifestsOf("carriers"), "PriorityClass");
    expect(emergency!["value"]).toBeGreaterThan(ordinary!["value"]);
  });

  it.each(CASES)(
    "%s: a node drain takes one pod of each kind at a time, and pods of a kind stand apart",
    async (name) => {
      const manifests = await manifestsOf(name);
      const budgets = ofKind(manifests, "PodDisruptionBudget");
      for (const { spec } of budgets) {
        // Workers without Redis are unready and serve emergency calls: a drain must not take them all. A controller that is not ready does nothing.
        const servesCalls = spec.selector.matchLabels["tandem/pool"] !== undefined;
        const unhealthyPodEvictionPolicy = servesCalls ? "IfHealthyBudget" : "AlwaysAllow";
        expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy });
      }
      for (const workload of ofKind(manifests, "Deployment", "DaemonSet")) {
        if (workload.metadata.name === "tandem-test-peer") continue;
        const { affinity, topologySpreadConstraints } = podSpec(workload);
        expect(affinity.podAntiAffinity).toBeDefined();
        expect(topologySpreadConstraints[0]).toMatchObject({ topologyKey: "topology.kubernetes.io/zone" });
        const labels = workload["spec"].selector.matchLabels;
        const covered = budgets.some(
          ({ spec }) => JSON.stringify(spec.selector.matchLabels) === JSON.stringify(labels),
        );
        // A budget over a DaemonSet cannot be computed, and node drains leave DaemonSets alone.
        expect(covered, workload.metadata.name).toBe(workload.kind === "Deployment");
      }
    },
  );
});

describe("sizes", () => {
  it("by load: calls per second and calls up, per worker, never less while Prometheus is away", async () => {
    const manifests = await manifestsOf("carriers");
    const { spec } = find(manifests, "ScaledObject", "tandem-east-worker");
    expect(spec).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: "tandem-east-worker" },
      minReplicaCount: 3,
      maxReplicaCount: 40,
      fallback: { replicas: 3, behavior: "currentReplicasIfHigher" },
    });
    expect(
      spec.triggers.map(({ metadata }: { metadata: { query: string; threshold: string } }) => [
        metadata.query.includes('pool="east"'),
        metadata.threshold,
      ]),
    ).toEqual([
      [true, "100"],
      [true, "10000"],
    ]);
    expect(find(manifests, "Deployment", "tandem-east-worker")["spec"]).not.toHaveProperty("replicas");
  });

  it("by CPU, against a request that is there", async () => {
    const manifests = await manifestsOf("load-balancer");
    for (const name of ["tandem-main-edge", "tandem-main-worker"]) {
      const { spec } = find(manifests, "HorizontalPodAutoscaler", name);
      expect(spec.scaleTargetRef).toEqual({ apiVersion: "apps/v1", kind: "Deployment", name });
      expect(spec.behavior.scaleDown.stabilizationWindowSeconds).toBe(300);
      const deployment = find(manifests, "Deployment", name);
      expect(deployment["spec"]).not.toHaveProperty("replicas");
      expect(podSpec(deployment).containers[0].resources.requests.cpu).toBe("500m");
    }
  });

  it("by the values, where nobody else decides", async () => {
    const manifests = await manifestsOf("carriers");
    expect(find(manifests, "Deployment", "tandem-west-worker")["spec"].replicas).toBe(4);
    expect(find(manifests, "Deployment", "tandem-controller")["spec"].replicas).toBe(2);
  });
});
