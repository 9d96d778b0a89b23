import { mkdirSync } from "node:fs";
import { type HostId, type Profile, recommendedVoters } from "@berth/claims";
import { AgentError } from "../agent-error.ts";
import { firstConfiguration, type HostAddresses, prepareHost, recordVoter, settleIn } from "./fleet-home.ts";
import { createFleetKey } from "./fleet-key.ts";
import type { FleetHome, FleetMember } from "./member-document.ts";
import { signMembers } from "./member-signing.ts";

/** One host of a fleet that is made at once. */
export interface FleetHostPlan extends HostAddresses {
  readonly stateDir: string;
  readonly host: HostId;
  /** @default true; false for a witness */
  readonly hypervisor?: boolean;
  /** @default voter: may hold a vote */
  readonly role?: FleetMember["role"];
}

/** What all of them share. */
export interface FleetPlan {
  /** @default `fleet` */
  readonly fleet?: string;
  /** @default lan */
  readonly profile?: Profile;
  /** How many of those that may vote do so from the beginning, in their order. @default the recommended number */
  readonly voters?: number;
}

/**
 * Makes a whole fleet whose hosts all are on this machine, with nobody running yet: for simulations, tests and benchmarks. The
 * fleet key lies with the first host.
 *
 * @throws AgentError FLEET_EXISTS, CONFIG_INVALID, and what the stores throw
 */
export async function makeFleet(hosts: readonly FleetHostPlan[], plan: FleetPlan = {}): Promise<readonly FleetHome[]> {
  const [first] = hosts;
  if (first === undefined) throw new AgentError("CONFIG_INVALID", "a fleet has at least one host");
  const prepared = [];
  for (const { stateDir, role = "voter", ...host } of hosts) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    prepared.push({ stateDir, ...(await prepareHost(stateDir, { ...host, role })) });
  }
  const key = createFleetKey(first.stateDir);
  const eligible = prepared.filter(({ member }) => member.role === "voter");
  const voters = eligible.slice(0, plan.voters ?? recommendedVoters(eligible.length));
  const founding = firstConfiguration(
    voters.map(({ member }) => member),
    plan.profile,
  );
  for (const { stateDir } of voters) await recordVoter(stateDir, { activeFor: founding });
  const { fleet = "fleet" } = plan;
  const list = prepared.map(({ member }) => member);
  const members = signMembers({ fleet, number: 1, fleetKey: key.publicKey, rotations: [], members: list }, key);
  return prepared.map(({ stateDir, ...host }) => settleIn(stateDir, { ...host, founding, members }));
}
