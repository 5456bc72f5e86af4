import { describe, expect, it } from "vitest";
import { CHART, helm } from "./support/helm-program.ts";
import { refusal, valuesFile } from "./support/manifests.ts";

const said = (name: string, ...sets: readonly string[]): Promise<string> =>
  refusal("--values", valuesFile(name), ...sets.flatMap((set) => ["--set-json", set]));

const POOL = "pools[0]";

describe("values that contradict one another are refused with a sentence", () => {
  it.each([
    ["trial", `${POOL}.exposure={"type":"hostNetwork"}`, /Pool main is reached at several nodes .* set its fqdn/],
    [
      "trial",
      `${POOL}.exposure={"type":"LoadBalancer"}`,
      /Pool main stands behind a load balancer.*exposure\.advertised/,
    ],
    ["trial", `${POOL}.listeners[0].port=5062`, /listeners core and outside share UDP\/5062/],
    ["trial", `${POOL}.listeners[0].port=500`, /port 500 needs a privilege.*advertisedPort/],
    ["trial", `${POOL}.listeners[0].name="Core_1"`, /listener Core_1: .*at most 15 lower-case letters/],
    ["trial", `${POOL}.name="Main"`, /Pool Main: .*at most 30 lower-case letters/],
    ["trial", "pools=[]", /There is no pool: .*ci\/trial-values\.yaml/],
    ["trial", `${POOL}.name="controller"`, /No pool may be called controller/],
    ["trial", `${POOL}.name="east-edge"`, /No pool may be called east-edge/],
    ["trial", `${POOL}.listeners[0].name="edges"`, /no listener may be called edges/],
    ["trial", `${POOL}.listeners[0].name="http"`, /no listener may be called http/],
    ["trial", `${POOL}.listeners[0]={"name":"core","port":9022,"transport":"tcp"}`, /edges\.ports\.admin \(9022\)/],
    ["trial", `${POOL}.listeners[0]={"name":"core","port":9090,"transport":"tcp"}`, /edges\.ports\.http \(9090\)/],
    [
      "node-port",
      `${POOL}.listeners=[{"name":"core","port":9091,"transport":"tcp","nodePort":30091}]`,
      /workers\.ports\.http \(9091\) is a listener's port too/,
    ],
    ["fused", `${POOL}.listeners[0]={"name":"core","port":9091,"transport":"tcp"}`, /workers\.ports\.http \(9091\)/],
    ["trial", `${POOL}.edges={"ports":{"admin":9090}}`, /edges\.ports\.admin and edges\.ports\.http are both 9090/],
    ["trial", `${POOL}.name="a-pool-with-a-rather-long-name"`, undefined],
    [
      "trial",
      'commonLabels={"app.kubernetes.io/name":"x"}',
      /commonLabels: app\.kubernetes\.io\/name is a label of the chart's/,
    ],
    ["trial", 'commonLabels={"tandem/pool":"x"}', /commonLabels: tandem\/pool is a label of the chart's/],
    ["trial", 'commonLabels={"team":"voice"}', undefined],
    ["trial", `${POOL}.listeners[0].transport="tls"`, /transport tls needs tls\.secretName/],
    ["trial", `${POOL}.listeners[0].tls={"secretName":"x"}`, /has a tls section, but its transport is udp/],
    ["trial", `${POOL}.edges={"kind":"DaemonSet"}`, /DaemonSet .* is for exposure\.type hostNetwork/],
    ["trial", "testPeer.enabled=false", /There is no topology: pass one with --set-file topology\.document/],
    [
      "trial",
      "secrets.generate=false",
      /Secrets come by reference: .*secrets\.link\.existingSecret.*and redis\.auth\.existingSecret/,
    ],
    ["trial", 'redis.auth.username="x"', /bundled Redis has no ACL users/],
    ["trial", 'redis.mode="external"', /name it in redis\.external\.hosts/],
    ["trial", 'tests.listener="main/none"', /tests\.listener is "main\/none"/],
    ["trial", `topology.document="pools: []"`, /has a pools section: take it out/],
    [
      "trial",
      `topology.document="trunks: [{ name: t, pool: nord, listener: x }]"`,
      /trunk t is of pool "nord".*they have: main/,
    ],
    [
      "trial",
      `topology.document="trunks: [{ name: t, pool: main, listener: x }]"`,
      /trunk t leaves by listener "x".*it has: core, outside/,
    ],
    ["trial", `topology.document="a: [b"`, /topology\.document is not YAML/],
    ["carriers", 'topology.existingConfigMap="x"', /both set: use one/],
    ["carriers", "networkPolicies.nodes=[]", /Pool east has its edges on the nodes' network.*networkPolicies\.nodes/],
    ["carriers", 'networkPolicies.peers=["198.51.100.1"]', /"198\.51\.100\.1" is not a block/],
    [
      "carriers",
      'networkPolicies.peers=[{"ipBlock":{"cidr":"198.51.100.1"}}]',
      /peers: "198\.51\.100\.1" is not a block/,
    ],
    ["carriers", "networkPolicies.apiFrom=[]", /networkPolicies\.apiFrom is empty, which .* for everybody/],
    ["load-balancer", "networkPolicies.peers=[]", /networkPolicies\.peers is empty/],
    [
      "load-balancer",
      'networkPolicies.apiFrom=[{"podSelector":{}}]',
      /apiFrom lets in pods of this namespace only: add those of the ingress controller/,
    ],
    ["load-balancer", 'networkPolicies.apiFrom=["10.0.0.0/8"]', undefined],
    ["carriers", 'keda.prometheus.serverAddress=""', /keda asks Prometheus, so set keda\.prometheus\.serverAddress/],
    ["carriers", `${POOL}.listeners[3].tls.caSecretName=""`, /tls\.mutual accepts whoever a public authority signed/],
    ["carriers", 'redis.external.hosts=["sentinel-0"]', /"sentinel-0" is not host:port/],
    ["carriers", 'redis.external.master=""', /redis\.external\.master has to name the master set/],
    [
      "carriers",
      'redis.auth.existingSecret=""',
      /ACL user, whose password has to come from redis\.auth\.existingSecret/,
    ],
    [
      "node-port",
      'redis.auth.existingSecret=""',
      /redis\.auth\.usernameKey is a key of the Secret redis\.auth\.existingSecret, which is not set/,
    ],
    [
      "carriers",
      'redis.auth={"sentinelPasswordKey":"sentinel"}',
      /redis\.auth\.sentinelPasswordKey is a key of the Secret redis\.auth\.existingSecret, which is not set/,
    ],
    ["carriers", 'redis.auth.usernameKey="user"', /redis\.auth\.username and usernameKey are both set: use one/],
    ["trial", 'redis.auth.sentinelPasswordKey="x"', /bundled Redis has no Sentinels/],
    [
      "carriers",
      'controller.detailRecords.webhook.existingSecret=""',
      /detailRecords\.webhook\.signingKey is a key of the Secret .*webhook\.existingSecret, which is not set/,
    ],
    [
      "carriers",
      'controller.emergencyRecords.webhook={"signingKey":"s","tokenKey":"t"}',
      /emergencyRecords\.webhook\.signingKey is a key .*emergencyRecords\.webhook\.tokenKey is a key of the Secret/,
    ],
    [
      "carriers",
      'controller.emergencyRecords.webhook.signingKey=""',
      /emergencyRecords\.webhook\.existingSecret is named, and none of its keys.*not signed/,
    ],
    ["carriers", 'controller.mail.existingSecret=""', /mail\.userKey is a key of the Secret .*mail\.existingSecret/],
    ["carriers", 'controller.mail.passwordKey=""', /controller\.mail\.userKey and passwordKey go together/],
    ["carriers", 'controller.mail.userKey=""', /controller\.mail\.userKey and passwordKey go together/],
    ["carriers", `${POOL}.edges.nodeSelector={}`, /DaemonSet without edges\.nodeSelector/],
    ["carriers", `${POOL}.workers.autoscaling.maxReplicas=2`, /minReplicas \(3\) is above maxReplicas \(2\)/],
    ["drachtio", `${POOL}.edges.drachtio.image=""`, /edges\.server drachtio: name its image/],
    ["drachtio", `${POOL}.arrangement="fused"`, /a fused worker is its own edge; use arrangement split/],
    ["drachtio", `${POOL}.listeners[1].transport="udp"`, /core and core-tcp are both udp.*transport only/],
    ["drachtio", `${POOL}.listeners[0].advertisedPort=5160`, /listens at \(5060\) and no other \(5160\)/],
    ["drachtio", `${POOL}.listeners[2].tls.mutual=true`, /tls\.mutual proves nothing here/],
    ["drachtio", `${POOL}.exposure={"type":"LoadBalancer"}`, /needs an address of its own in Contact/],
    ["drachtio", `${POOL}.exposure={"nodeAddresses":{"a":"192.0.2.1"}}`, /nodeAddresses is read by our own edges only/],
    ["drachtio", `${POOL}.edges.autoscaling={"type":"keda"}`, /none of the metrics.*use hpa or none/],
    ["drachtio", `${POOL}.emergency=true`, /the pool carries emergency calls.*edges\.drachtio\.emergency: true/],
    ["drachtio", `${POOL}.edges.server="tandem"`, undefined],
    [
      "drachtio",
      `pools[1].edges={"server":"drachtio","drachtio":{"image":"x"}}`,
      /Pool carriers.*carries emergency calls/,
    ],
    [
      "load-balancer",
      `${POOL}.exposure.servicePerProtocol=true`,
      /Pool main: .*two balancers, and peers know one name/,
    ],
    [
      "load-balancer",
      `${POOL}.exposure={"type":"LoadBalancer","servicePerProtocol":true,"loadBalancerIP":"192.0.2.5"}`,
      undefined,
    ],
    [
      "load-balancer",
      `${POOL}.exposure={"type":"LoadBalancer","servicePerProtocol":true,"sharedAddress":true}`,
      undefined,
    ],
    ["load-balancer", "redis.external.db=3", /Redis Cluster has database 0 only/],
    ["load-balancer", 'controlApi.ingress.tlsSecretName=""', /API keys do not travel in clear/],
    ["load-balancer", "poolDefaults.edges.resources.requests=null", /edges\.autoscaling\.type hpa measures CPU/],
    [
      "node-port",
      `${POOL}.listeners=[{"name":"core","port":5060,"transport":"udp"}]`,
      /with NodePort peers have to be told the port/,
    ],
    [
      "node-port",
      `${POOL}.workers={"ports":{"http":9090}}`,
      /edges\.ports\.http and workers\.ports\.http are both 9090/,
    ],
    [
      "trial",
      "controller.emergencyRecords.file=true",
      /lies on the volume of controller\.detailRecords\.file\.existingClaim/,
    ],
    ["trial", 'controller.mail.url="smtp://mail"', /controller\.mail\.url needs controller\.mail\.from/],
    ["trial", 'capture.server="homer"', /capture\.server: "homer" is not host:port/],
    ["fused", `${POOL}.placement="together"`, /a fused pool has one process anyway/],
  ] as const)("%s with %s", async (name, set, sentence) => {
    const told = (await said(name, set)).replaceAll("\n", " ");
    if (sentence === undefined) expect(told).toBe("");
    else expect(told).toMatch(sentence);
  });

  it("a pool's Service of more characters than DNS takes", async () => {
    const sets = [
      `${POOL}.name="a-pool-with-a-rather-long-name"`,
      `${POOL}.listeners=[{"name":"core","port":5060,"transport":"udp"}]`,
      "testPeer.enabled=false",
      "topology.publish=false",
    ];
    const told = await said("trial", 'fullnameOverride="a-release-of-twenty-seven-c"', ...sets);
    expect(told.replaceAll("\n", " ")).toMatch(/The Service a-release-\S+-edges would have 64 characters, and 63 are/);
    expect(await said("trial", 'fullnameOverride="a-release-of-twenty-six-ch"', ...sets)).toBe("");
  });

  it.each(["1st", "voice.east"])("a release called %s, which no Service may be", async (release) => {
    const { stderr } = await helm(
      "template",
      release,
      CHART,
      "--set",
      "nameOverride=t",
      "--values",
      valuesFile("trial"),
    );
    expect(stderr).toMatch(/Names of Services begin with a letter .*fullnameOverride/);
  });

  it("all at once", async () => {
    const told = await said(
      "trial",
      `${POOL}.listeners[0].port=5062`,
      "secrets.generate=false",
      "testPeer.enabled=false",
    );
    expect(told).toMatch(/3 thing\(s\) to change in the values/);
  });
});

describe("values that do not fit the schema are refused with their path", () => {
  it.each([
    [
      "a misspelt field",
      `${POOL}.workers.replcas=3`,
      /at '\/pools\/0\/workers': additional properties 'replcas' not allowed/,
    ],
    ["an unknown section", "redys={}", /additional properties 'redys' not allowed/],
    [
      "a transport nobody speaks",
      `${POOL}.listeners[0].transport="sctp"`,
      /'\/pools\/0\/listeners\/0\/transport': value must be one of 'udp', 'tcp', 'tls'/,
    ],
    ["a kind of Redis", 'redis.external.kind="shard"', /must be one of 'standalone', 'sentinel', 'cluster'/],
    ["a section left empty", "redis=null", /at '': missing property 'redis'/],
    ["a part of the defaults left empty", "poolDefaults.edges=null", /at '\/poolDefaults': missing property 'edges'/],
    ["a field of the pool that is the chart's", `${POOL}.topology={"listeners":[]}`, /'listeners' not allowed/],
    [
      "a node's address that is none",
      `${POOL}.exposure.nodeAddresses={"a":"b c"}`,
      /nodeAddresses\/a'.*does not match/,
    ],
    ["a secret without a key", 'secrets.link.key=""', /at '\/secrets\/link\/key': minLength: got 0, want 1/],
    ["a domain that is none", 'clusterDomain="x y"', /at '\/clusterDomain': 'x y' does not match/],
    ["a pool without name", "pools=[{}]", /missing property 'name'/],
    [
      "a drain shorter than an edge needs to notice quiet",
      `${POOL}.edges.drainSeconds=1`,
      /drainSeconds': minimum: got 1, want 5/,
    ],
    ["a number where text belongs", "topology.document=911", /'\/topology\/document': got number, want string/],
    ["an end of a flow that is none", 'networkPolicies.peers=[{"pods":{}}]', /'\/networkPolicies\/peers\/0'/],
    ["an end of a flow that is everybody", "networkPolicies.apiFrom=[{}]", /'\/networkPolicies\/apiFrom\/0'/],
    ["a percentage above a hundred", "poolDefaults.workers.autoscaling.cpuPercent=400", /maximum: got 400, want 100/],
  ] as const)("%s", async (_what, set, sentence) => {
    expect(await said("trial", set)).toMatch(sentence);
  });
});
