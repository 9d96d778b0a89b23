/**
 * One host's place in a fleet, as files: who it is, whom it trusts, where it began. Made once by `berth fleet init` or `berth
 * fleet join`, read at every start of the agent.
 */
import { randomBytes } from "node:crypto";
import {
  type Configuration,
  type DurableRecord,
  type HostId,
  type Profile,
  profiles,
  type VoterId,
} from "@berth/claims";
import { AgentError } from "../agent-error.ts";
import { loadHostKey } from "../peers/host-key.ts";
import { openRecordStore } from "../store/open-record-store.ts";
import { checkAddresses, defaultListen, reachableAddresses, withNextPort } from "./addresses.ts";
import {
  fleetPaths,
  hasFleet,
  lockFleetFiles,
  readFleetFile,
  readMemberFile,
  writeFleetFile,
  writeMemberFile,
} from "./fleet-files.ts";
import { createFleetKey, settleFleetKey } from "./fleet-key.ts";
import { plainName } from "./fleet-schema.ts";
import type { FleetHome, FleetMember, JoinDoor, MemberDocument } from "./member-document.ts";
import { signMembers, verifyMembers } from "./member-signing.ts";
import { createNetworkKeyFile } from "./network-key-file.ts";

/** Where a host can be reached. */
export interface HostAddresses {
  /** @default every IPv4 address, port 7946 */
  readonly listen?: readonly string[] | undefined;
  /** As the member list has it. @default the machine's own addresses, where it listens on all */
  readonly advertise?: readonly string[] | undefined;
  /** The door for joining hosts. @default the port after the one for peers */
  readonly joinListen?: readonly string[] | undefined;
}

/** What a fleet is founded with. */
export interface FleetFounding extends HostAddresses {
  /** @default `berth-` and eight random digits: two fleets on one network must differ */
  readonly fleet?: string | undefined;
  readonly host: HostId;
  /** False for a witness. @default true */
  readonly hypervisor?: boolean | undefined;
  /** @default lan, the design's default */
  readonly profile?: Profile | undefined;
  /** Makes a private-network key as well, the second ring around the member list. @default false */
  readonly networkKey?: boolean | undefined;
}

/**
 * Founds a fleet of one host, which has the fleet key and the only vote.
 *
 * @throws AgentError FLEET_EXISTS, CONFIG_INVALID, STATE_FILE_CORRUPT, STORE_CORRUPT, STORE_LOCKED, STORE_UNAVAILABLE
 */
export async function foundFleet(stateDir: string, founding: FleetFounding): Promise<FleetHome> {
  const fleet = founding.fleet ?? `berth-${randomBytes(4).toString("hex")}`;
  checkName("fleet", fleet);
  refuseSecondFleet(stateDir);
  const { member, listen, join } = await prepareHost(stateDir, { ...founding, role: "voter" });
  const lock = await lockFleetFiles(stateDir);
  try {
    refuseSecondFleet(stateDir);
    if (founding.networkKey === true) createNetworkKeyFile(stateDir);
    const key = createFleetKey(stateDir);
    const config = firstConfiguration([member], founding.profile);
    await recordVoter(stateDir, { activeFor: config });
    const members = signMembers({ fleet, number: 1, fleetKey: key.publicKey, rotations: [], members: [member] }, key);
    return settleIn(stateDir, { member, founding: config, members, listen, join });
  } finally {
    lock.release();
  }
}

/** This host's place in its fleet. @throws AgentError FLEET_ABSENT, FLEET_INVALID */
export function openFleetHome(stateDir: string): FleetHome {
  const { version: _, fleetKey, ...home } = readFleetFile(stateDir);
  const { fleet } = home;
  const members = readMemberFile(stateDir);
  const path = fleetPaths(stateDir).members;
  if (members === undefined) throw new AgentError("FLEET_INVALID", `${path} is missing`);
  const verdict = verifyMembers(members, { fleet, pinnedKey: fleetKey });
  if (!verdict.ok) throw new AgentError("FLEET_INVALID", `the member list ${path} does not hold: ${verdict.why}`);
  settleFleetKey(stateDir, members.fleetKey);
  return { stateDir, members, ...home };
}

/**
 * Takes a newer list: verified against the key that this host knows, then on the disk before it is used. Follows a rotation of the
 * fleet key.
 *
 * @throws AgentError FLEET_INVALID when its signature, chain or number does not hold
 */
export function saveMembers(stateDir: string, document: MemberDocument): MemberDocument {
  const file = readFleetFile(stateDir);
  const above = readMemberFile(stateDir)?.number ?? -1;
  const verdict = verifyMembers(document, { fleet: file.fleet, pinnedKey: file.fleetKey, above });
  if (!verdict.ok) throw new AgentError("FLEET_INVALID", `the member list is refused: ${verdict.why}`);
  writeMemberFile(stateDir, document);
  if (document.fleetKey !== file.fleetKey) writeFleetFile(stateDir, { ...file, fleetKey: document.fleetKey });
  return document;
}

/**
 * Writes down where this host is reached from its next start on. Its agent tells the fleet, and the list is signed anew where the
 * fleet key is.
 *
 * @throws AgentError FLEET_ABSENT, CONFIG_INVALID for what is no address
 */
export function moveHost(
  stateDir: string,
  addresses: { readonly advertise: readonly string[]; readonly listen?: readonly string[] | undefined },
): void {
  const file = readFleetFile(stateDir);
  const { advertise, listen = file.listen } = addresses;
  checkAddresses([...advertise, ...listen]);
  const join = { listen: withNextPort(listen), advertise: withNextPort(advertise) };
  writeFleetFile(stateDir, { ...file, advertise, listen, join });
}

/** A host that is about to belong to a fleet. */
export interface PreparedHost {
  readonly member: FleetMember;
  readonly listen: readonly string[];
  readonly join: JoinDoor;
}

/** Makes what a host brings into any fleet: its key, its store, its addresses. @throws as `foundFleet` */
export async function prepareHost(
  stateDir: string,
  init: HostAddresses & {
    readonly host: HostId;
    readonly hypervisor?: boolean | undefined;
    readonly role: FleetMember["role"];
  },
): Promise<PreparedHost> {
  checkName("host", init.host);
  const listen = init.listen ?? defaultListen;
  const joinListen = init.joinListen ?? withNextPort(listen);
  const addresses = init.advertise ?? reachableAddresses(listen);
  checkAddresses([...listen, ...joinListen, ...addresses]);
  // What others dial has the host of the advertised addresses and the port of the door.
  const advertise = init.joinListen === undefined ? withNextPort(addresses) : reachableAddresses(joinListen);
  const { peerId } = await loadHostKey(stateDir);
  const disk = await recordVoter(stateDir, {});
  const { host, role, hypervisor = true } = init;
  const member = { hostId: host, peerId, addresses, role, disk, hypervisor };
  return { member, listen, join: { listen: joinListen, advertise } };
}

/** Configuration 1 of a fleet: its first voters. */
export function firstConfiguration(voters: readonly FleetMember[], profile: Profile = profiles.lan): Configuration {
  return { number: 1, voters: voters.map(({ disk, hostId }) => ({ voter: disk, host: hostId })), profile };
}

/** Writes into the store which voter lives on this disk, and from which configuration on it answers. */
export async function recordVoter(
  stateDir: string,
  { activeFor }: { readonly activeFor?: Configuration },
): Promise<VoterId> {
  const store = await openRecordStore(fleetPaths(stateDir).store);
  try {
    const records: DurableRecord[] = [{ kind: "voter-disk", value: { voter: store.diskId } }];
    if (activeFor !== undefined) records.push({ kind: "voter-active", value: { cfg: activeFor.number } });
    await store.put(records);
    return store.diskId;
  } finally {
    await store.close();
  }
}

/** Writes the files that make a prepared host a member; `fleet.json` last. */
export function settleIn(
  stateDir: string,
  init: Omit<PreparedHost, "member"> & {
    readonly member: FleetMember;
    readonly founding: Configuration;
    readonly members: MemberDocument;
  },
): FleetHome {
  const { member, founding, members, listen, join } = init;
  const { fleet, fleetKey } = members;
  const { hostId: self, hypervisor } = member;
  writeMemberFile(stateDir, members);
  writeFleetFile(stateDir, { version: 1, fleet, self, hypervisor, fleetKey, founding, listen, join });
  return openFleetHome(stateDir);
}

/** A host is in one fleet at most. @throws AgentError FLEET_EXISTS */
export function refuseSecondFleet(stateDir: string): void {
  if (!hasFleet(stateDir)) return;
  const { fleet, self } = readFleetFile(stateDir);
  throw new AgentError("FLEET_EXISTS", `this host belongs to fleet ${fleet} already, as ${self}`, {
    remedy: "leave it first with `berth fleet leave`",
  });
}

function checkName(what: string, name: string): void {
  if (plainName.test(name)) return;
  const message = `"${name}" is no name for a ${what}: 1 to 64 letters, digits, dots, dashes or underscores`;
  throw new AgentError("CONFIG_INVALID", message);
}
