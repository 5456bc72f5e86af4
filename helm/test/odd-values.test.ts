import { describe, expect, it } from "vitest";
import { notesWith } from "./support/helm-program.ts";
import { find, ofKind, podSpec, refusal, render, valuesFile, type Manifest } from "./support/manifests.ts";
import { environmentProblems } from "./support/processes.ts";
import { schemaProblems } from "./support/strict-schema.ts";

const given = (name: string, sets: readonly string[]): readonly string[] => [
  "--values",
  valuesFile(name),
  ...sets.flatMap((set) => ["--set-json", set]),
];

const said = async (name: string, ...sets: readonly string[]): Promise<string> =>
  (await refusal(...given(name, sets))).replaceAll("\n", " ");

/** Names that more than one object of a kind has: the later would replace the earlier, or be refused. */
function doubles(manifests: readonly Manifest[]): readonly string[] {
  const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  return names.filter((name, at) => names.indexOf(name) !== at);
}

const HOST_POOL =
  '{"listeners":[{"name":"core","port":5060,"transport":"udp","serves":"callers"}],"fqdn":"sip.example.com"';
const onNodes = (name: string, nodes: string): string =>
  `${HOST_POOL},"name":"${name}","edges":{"kind":"DaemonSet","nodeSelector":{"tandem/sip":"${nodes}"}}}`;
const BARE = ["testPeer.enabled=false", "topology.publish=false", 'networkPolicies.nodes=["10.0.0.0/24"]'] as const;

describe("odd values that contradict nothing give manifests that Kubernetes takes and processes can read", () => {
  it.each<[string, string, readonly string[]]>([
    ["pools of the same ports on other nodes", "trial", [...BARE, `pools=[${onNodes("a", "a")},${onNodes("b", "b")}]`]],
    [
      "a Redis Cluster with TLS, an authority, client certificates and an ACL user",
      "load-balancer",
      [
        'redis.auth={"existingSecret":"redis","usernameKey":"username"}',
        'redis.external={"kind":"cluster","db":0,"hosts":["[2001:db8::1]:7000","b:7001"],"tls":{"enabled":true,"caSecretName":"c","clientSecretName":"d"}}',
      ],
    ],
    [
      "two families of addresses",
      "trial",
      [
        'listenAddress="::"',
        'poolDefaults.listenAddress="::"',
        'pools[0].exposure={"type":"LoadBalancer","advertised":"192.0.2.7","ipFamilyPolicy":"RequireDualStack"}',
      ],
    ],
    ["a stock server and two families", "drachtio", ['listenAddress="::"', 'poolDefaults.listenAddress="::"']],
    [
      "ends of flows that nobody takes left empty",
      "trial",
      [
        "networkPolicies.webhook=[]",
        "networkPolicies.redis.blocks=[]",
        "networkPolicies.kubernetesApi.blocks=[]",
        "controlApi.scaling.enabled=false",
      ],
    ],
    ["no peers by blocks where all edges are on the nodes' network", "fused", ["networkPolicies.peers=[]"]],
    [
      "no tests, no budgets, no policies, no classes",
      "trial",
      [
        "tests.enabled=false",
        "disruptionBudgets.enabled=false",
        "networkPolicies.enabled=false",
        "priorityClasses.create=false",
      ],
    ],
    [
      "one account and long names",
      "trial",
      ['serviceAccounts.name="ours"', 'fullnameOverride="a-release-of-twenty-six-ch"'],
    ],
    ["dashboards without a label", "carriers", ['monitoring.dashboards.labels={"grafana_dashboard":null}']],
    [
      "node ports of one number for both protocols",
      "node-port",
      [
        'pools[0].listeners=[{"name":"a","port":5060,"transport":"udp","nodePort":30060},{"name":"b","port":5060,"transport":"tcp","nodePort":30060}]',
      ],
    ],
  ])("%s", async (_what, name, sets) => {
    const manifests = await render(...given(name, sets));
    expect((await Promise.all(manifests.map(schemaProblems))).flat()).toEqual([]);
    expect(await environmentProblems(manifests)).toEqual([]);
    expect(doubles(manifests)).toEqual([]);
  });
});

describe("odd values that cannot work are refused with a sentence", () => {
  const inside = 'poolDefaults.exposure={"type":"ClusterIP"}';
  const pool = (name: string, listener: string): string =>
    `{"name":"${name}","listeners":[{"name":"${listener}","port":5060,"transport":"udp"}]}`;
  it.each<[string, string, readonly string[], RegExp]>([
    [
      "two edges on each of the same nodes that want one port",
      "trial",
      [...BARE, `pools=[${onNodes("a", "a")},${onNodes("b", "a")}]`],
      /The pools a and b have an edge on each of the same nodes .* both want TCP\/9022 there/,
    ],
    [
      "two pools that come to one name",
      "trial",
      [...BARE, `pools=[${pool("a", "b-core")},${pool("a-b", "core")}]`, inside],
      /The pools a and a-b would both have a Service called tandem-a-b-core/,
    ],
    [
      "a pool that comes to a name of the chart's",
      "trial",
      [...BARE, `pools=[${pool("control", "api")}]`, inside],
      /Pool control would have a Service called tandem-control-api, which is one of the chart's own/,
    ],
    [
      "two Services in the cluster, of which peers know neither",
      "trial",
      ["pools[0].exposure.servicePerProtocol=true"],
      /servicePerProtocol is for balancers.*leave it out/,
    ],
    [
      "a DaemonSet of pods that hold a worker, too",
      "fused",
      ['pools[0].edges={"kind":"DaemonSet","nodeSelector":{"a":"b"}}'],
      /DaemonSet is for edges in pods of their own/,
    ],
    [
      "CPU measured against a container without a request",
      "node-port",
      ['pools[0].workers={"autoscaling":{"type":"hpa"}}', "poolDefaults.edges.resources=null"],
      /CPU of both containers of a pod, so edges\.resources\.requests\.cpu/,
    ],
    [
      "a node port given twice",
      "node-port",
      [
        'pools[0].listeners=[{"name":"a","port":5060,"transport":"udp","nodePort":30060},{"name":"b","port":5062,"transport":"udp","nodePort":30060}]',
      ],
      /listener b: node port UDP\/30060 is main\/a's already/,
    ],
    ["test calls over TLS", "carriers", ['tests.listener="east/e911"'], /tests\.listener east\/e911 is a TLS listener/],
    ["receivers of records not named", "carriers", ["networkPolicies.webhook=[]"], /networkPolicies\.webhook is empty/],
    ["Redis not named", "carriers", ["networkPolicies.redis.blocks=[]"], /networkPolicies\.redis\.blocks is empty/],
    [
      "the Kubernetes API not named",
      "trial",
      ["networkPolicies.kubernetesApi.blocks=[]"],
      /networkPolicies\.kubernetesApi\.blocks is empty/,
    ],
    [
      "trunks by name only",
      "trial",
      ['topology.document="trunks: [a]"'],
      /document: trunks has to be a list of mappings/,
    ],
    ["trunks as a mapping", "trial", ['topology.document="trunks: { a: 1 }"'], /document: trunks has to be a list/],
    ["gateways as text", "trial", ['topology.document="gateways: none"'], /document: gateways has to be a list/],
    [
      "policies by name only",
      "trial",
      ['topology.document="emergency: { policies: [a] }"'],
      /emergency\.policies has to be a list of mappings/,
    ],
    [
      "a number for a pool",
      "trial",
      ['topology.document="trunks: [{ name: t, pool: 5, listener: core }]"'],
      /trunk t is of pool "5"/,
    ],
  ])("%s", async (_what, name, sets, sentence) => {
    expect(await said(name, ...sets)).toMatch(sentence);
  });
});

describe("pools that carry emergency calls come first", () => {
  const document = (emergency: string): string =>
    JSON.stringify(
      `gateways: [{ name: g, kind: pstn }, { name: psap, kind: e911 }]\ntrunks: [{ name: t, pool: main, listener: outside, gateway: g }]\n${emergency}`,
    );
  it.each([
    ["named as a fallback", "emergency: { fallbackTrunks: [t] }", "emergency"],
    ["named by a policy", "emergency: { policies: [{ name: p, trunks: [t] }] }", "emergency"],
    ["for the screening number", "emergency: { screeningTrunks: [t] }", "emergency"],
    ["in no part of it", "emergency: { trunks: [other] }", "ordinary"],
  ])("by a trunk %s", async (_what, emergency, which) => {
    const manifests = await render(...given("trial", [`topology.document=${document(emergency)}`]));
    const { priorityClassName } = podSpec(find(manifests, "Deployment", "tandem-main-worker"));
    expect(priorityClassName).toBe(`voice-tandem-${which}`);
  });

  it("by a trunk to an E9-1-1 provider that no part of the topology names", async () => {
    const sets = [`topology.document=${document("").replace("gateway: g", "gateway: psap")}`];
    const manifests = await render(...given("trial", sets));
    expect(podSpec(find(manifests, "Deployment", "tandem-main-edge")).priorityClassName).toBe("voice-tandem-emergency");
  });
});

describe("what Helm says at the end", () => {
  const notes = (name: string, ...sets: readonly string[]): Promise<string> => notesWith(...given(name, sets));

  it("has the next three commands", async () => {
    const text = await notes("trial");
    expect(text).toMatch(/1\. .*\n\n +kubectl .* rollout status/);
    expect(text).toMatch(/2\. Place a test call \(2125550123, 933\) through it:\n\n +helm test tandem/);
    expect(text).toMatch(/3\. .*\n\n +kubectl .* port-forward/);
  });

  it("does not send anybody to a test that is not there", async () => {
    expect(await notes("trial", "tests.enabled=false")).toMatch(/2\. Nothing tests it: .*tests\.enabled=true, then:/);
    const tlsOnly =
      'pools[0].listeners=[{"name":"core","port":5061,"transport":"tls","serves":"callers","tls":{"secretName":"x"}}]';
    expect(await notes("trial", ...BARE, tlsOnly)).toMatch(/2\. Nothing tests it/);
    expect(ofKind(await render(...given("trial", [...BARE, tlsOnly])), "Pod")).toEqual([]);
  });

  it("asks for the directory that workers write to", async () => {
    expect(await notes("carriers")).toContain("install -d -o 10001 -g 10001 -m 0700 /var/spool/tandem");
    expect(await notes("trial")).not.toContain("install -d");
  });
});
