import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@tandem/testkit";
import { sipPort } from "../harness/ports.ts";
import type { Destinations, Element } from "./element.ts";
import { withDescendants } from "./process-figures.ts";

interface Ports extends Destinations {
  readonly sip: number;
  readonly redis: number;
}

/**
 * The peer of the comparison: a stateful proxy that hides topology (topos) and keeps what it needs for requests in a call in Redis
 * (topos_redis), so that another node could go on. It does less than a back-to-back user agent: no two legs, no routing, no records.
 * One UDP process, because it has one core: with two or four a 200 overtakes its 180 between them, calls fail, and each costs more.
 */
function configuration({ gateways, probe, sip, redis }: Ports): string {
  return `#!KAMAILIO
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:${sip}
maxbuffer=4194304

loadmodule "pv.so"
loadmodule "cfgutils.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "ndb_redis.so"
loadmodule "topos.so"
loadmodule "topos_redis.so"

modparam("ndb_redis", "server", "name=state;addr=127.0.0.1;port=${redis};db=0")
modparam("topos", "storage", "redis")
modparam("topos_redis", "serverid", "state")

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (!is_method("ACK")) { if (t_precheck_trans()) { t_check_trans(); exit; } t_check_trans(); }
  if (has_totag()) { loose_route(); t_relay(); exit; }
  record_route();
  if ($rU == "999") $du = "sip:127.0.0.1:${probe}";
  else if ($RANDOM mod 2 == 0) $du = "sip:127.0.0.1:${gateways[0]}";
  else $du = "sip:127.0.0.1:${gateways[1]}";
  t_relay();
  exit;
}
`;
}

/** Kamailio and its Redis on the given core. */
export async function startKamailio(destinations: Destinations, core: string): Promise<Element> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-kamailio-"));
  const ports = { ...destinations, sip: await sipPort(), redis: await sipPort() };
  const file = join(folder, "kamailio.cfg");
  writeFileSync(file, configuration(ports));
  const redisArgs = [
    "redis-server",
    "--bind",
    "127.0.0.1",
    "--port",
    String(ports.redis),
    "--dir",
    folder,
    "--save",
    "",
  ];
  const redis = start(core, redisArgs);
  const kamailio = start(core, ["kamailio", "-f", file, "-DD", "-E", "-m", "512", "-M", "16", "-Y", folder]);
  const stop = async (): Promise<void> => {
    await kamailio.stop();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listening("/proc/net/tcp", ports.redis);
    await listening("/proc/net/udp", ports.sip);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: "Kamailio topos+Redis",
    port: ports.sip,
    parts: { kamailio: withDescendants(kamailio.pid), redis: [redis.pid] },
    redis: `127.0.0.1:${ports.redis}`,
    stop,
  };
}

interface Started {
  readonly pid: number;
  stop(): Promise<void>;
}

function start(core: string, command: readonly string[]): Started {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const child: ChildProcess = spawn("taskset", ["-c", core, ...command], {
    stdio: "ignore",
    env: { ...process.env, PATH: path },
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    pid: child.pid ?? -1,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

const listening = (table: string, port: number): Promise<void> =>
  until(
    async () => (await readFile(table, "latin1")).includes(`:${port.toString(16).toUpperCase().padStart(4, "0")} `),
    { what: `port ${port}` },
  );
