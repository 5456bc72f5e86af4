import { blockHolds, parseIpAddress, parseIpBlock } from "../routing/ip-address.ts";
import { doubt, fault, type TopologyIssue } from "./topology-issue.ts";
import type { Gateway, Topology } from "./topology.ts";

const hostForm = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?$/;

/** Where gateways are and where their requests come from. */
export function checkSources(topology: Topology): readonly TopologyIssue[] {
  return topology.gateways.flatMap((gateway, at) => checkGateway(gateway, `gateways[${at}]`));
}

function checkGateway(gateway: Gateway, path: string): readonly TopologyIssue[] {
  return [...checkAddress(gateway.address, `${path}.address`), ...checkBlocks(gateway, path)];
}

function checkAddress(address: string, path: string): readonly TopologyIssue[] {
  if (parseIpAddress(address) !== null) return [];
  const looksNumeric = /^[0-9.]+$/.test(address) || address.includes(":");
  if (!looksNumeric && hostForm.test(address)) return [];
  return [fault(path, `"${address}" is neither an IP address nor a host name`, "write 192.0.2.10 or sbc.example.net")];
}

function checkBlocks(gateway: Gateway, path: string): readonly TopologyIssue[] {
  return gateway.sources.flatMap((text, at) => {
    const block = parseIpBlock(text);
    const where = `${path}.sources[${at}]`;
    if (block === null) {
      const fix = "write 192.0.2.10, 192.0.2.0/24 or 2001:db8::/32, with zeros after the prefix";
      return [fault(where, `"${text}" is neither an address nor a CIDR block`, fix)];
    }
    if (block.prefixLength === 0)
      return [doubt(where, "lets every address in the world in", "name the peer's networks")];
    const address = parseIpAddress(gateway.address);
    const known = address !== null && block.prefixLength === block.bits && blockHolds(block, address);
    return known ? [doubt(where, "repeats the gateway's own address", "remove it")] : [];
  });
}
