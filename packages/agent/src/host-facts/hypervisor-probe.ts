import { type GuestType, guestTypes } from "@berth/model";
import { AgentError } from "../agent-error.ts";
import { type BerthConfig, uriOf } from "../config/berth-config.ts";
import type { HypervisorFacts } from "./host-facts.ts";

/**
 * Asks each type's connection whether it can be opened. A type whose URI leads to another machine is not asked: a
 * class says what this host is, and the answer could take as long as a network's timeout.
 */
export async function probeHypervisors(config: BerthConfig): Promise<HypervisorFacts> {
  if (config.embedded) return { hypervisors: guestTypes };
  const answers = await Promise.all(guestTypes.map((type) => probe(type, uriOf(type, config))));
  const reachable = answers.filter((answer) => answer !== undefined);
  const libvirtVersion = reachable[0]?.libvirtVersion;
  return {
    hypervisors: reachable.map(({ type }) => type),
    ...(libvirtVersion !== undefined && { libvirtVersion }),
  };
}

async function probe(
  type: GuestType,
  uri: string | undefined,
): Promise<{ type: GuestType; libvirtVersion: string } | undefined> {
  if (uri === undefined || /^[a-z+]+:\/\/[^/]/.test(uri)) return undefined;
  const { readLibvirtVersion } = await import("../adapters/libvirt/connection-probe.ts");
  try {
    return { type, libvirtVersion: await readLibvirtVersion(uri) };
  } catch (error) {
    if (error instanceof AgentError) return undefined;
    throw error;
  }
}
