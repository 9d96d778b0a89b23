import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { AgentError, reasonOf } from "../agent-error.ts";
import { type HostKey, loadHostKey, prepareNextHostKey } from "../peers/host-key.ts";
import { isWrongKey } from "../peers/wrong-key.ts";
import type { MemberRole } from "../ports/peer-network.ts";
import { openRecordStore } from "../store/open-record-store.ts";
import { fleetPaths, lockFleetFiles } from "./fleet-files.ts";
import {
  type HostAddresses,
  openFleetHome,
  prepareHost,
  refuseSecondFleet,
  saveMembers,
  settleIn,
} from "./fleet-home.ts";
import { fleetKeyHash } from "./fleet-key.ts";
import {
  type Answer,
  answerSchema,
  conversationMs,
  hasMember,
  joinProtocol,
  type Knock,
  offerSchema,
  welcomeBytesMax,
} from "./join-messages.ts";
import { conversationOver, createJoinNode, type HeardWord, hangUp } from "./join-node.ts";
import type { FleetHome, FleetMember } from "./member-document.ts";
import { verifyMembers } from "./member-signing.ts";
import { type JoinToken, parseToken } from "./token-text.ts";

/** How a host knocks. */
export interface JoinAttempt {
  /** As `berth token create` printed it. */
  readonly token: string;
  readonly release: string;
  /** How long the inviter is looked for: its agent may be starting. @default 60 s */
  readonly waitMs?: number | undefined;
  /** Called when nobody answers yet. */
  readonly onWaiting?: ((reason: string) => void) | undefined;
  /** Wall clock, ms. @default Date.now */
  readonly nowMs?: (() => number) | undefined;
}

/** How a host joins. */
export interface JoinInit extends JoinAttempt, HostAddresses {
  /** @default the machine's host name up to its first dot */
  readonly host?: string | undefined;
  /** @default voter */
  readonly role?: MemberRole | undefined;
  /** False for a witness. @default true */
  readonly hypervisor?: boolean | undefined;
}

const retryMs = 500;

/**
 * Brings this host into a fleet: knocks at the inviter's door with the token's secret, and writes down what it is given.
 *
 * @throws AgentError TOKEN_REFUSED, FLEET_EXISTS, FLEET_INVALID, CONFIG_INVALID, OPERATION_FAILED when nobody opens, and what
 *   `foundFleet` throws about files
 */
export async function joinFleet(stateDir: string, init: JoinInit): Promise<FleetHome> {
  const token = readToken(init);
  refuseSecondFleet(stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lock = await lockFleetFiles(stateDir);
  try {
    refuseSecondFleet(stateDir);
    const { role = "voter", host = shortHostname() } = init;
    const prepared = await prepareHost(stateDir, { ...init, host, role });
    const key = await loadHostKey(stateDir);
    const { document, config, networkKey } = await knockUntilHeard(key, token, prepared.member, init);
    if (networkKey !== undefined) writeFileSync(fleetPaths(stateDir).networkKey, networkKey, { mode: 0o600 });
    return settleIn(stateDir, { ...prepared, founding: config, members: document });
  } finally {
    lock.release();
  }
}

/**
 * Gives this host another key: its name, disk and place in the fleet stay, and whoever has the old key is nobody any more. The token was
 * made for this host (`berth token create --for`). Its agent must not run.
 *
 * @throws as `joinFleet`
 */
export async function rekeyHost(stateDir: string, init: JoinAttempt): Promise<FleetHome> {
  const token = readToken(init);
  const lock = await lockFleetFiles(stateDir);
  try {
    const home = openFleetHome(stateDir);
    if (token.fleet !== home.fleet) throw refused(`the token is of fleet ${token.fleet}, this host of ${home.fleet}`);
    const before = home.members.members.find(({ hostId }) => hostId === home.self);
    if (before === undefined) throw new AgentError("FLEET_INVALID", `${home.self} is not on its own member list`);
    const store = await openRecordStore(fleetPaths(stateDir).store, { waitMs: 0 });
    const key = prepareNextHostKey(stateDir);
    try {
      const { document } = await knockUntilHeard(key, token, { ...before, peerId: key.peerId }, init);
      // First the key: after a crash in between the old list is on the disk, and any member sends the new one.
      key.install();
      saveMembers(stateDir, document);
    } finally {
      await store.close();
    }
    return openFleetHome(stateDir);
  } finally {
    lock.release();
  }
}

type Welcome = Extract<Answer, { readonly t: "welcome" }>;

function readToken({ token: text, nowMs = Date.now }: JoinAttempt): JoinToken {
  const token = parseToken(text);
  if (token.expiresMs <= nowMs()) throw refused("the token has expired");
  return token;
}

async function knockUntilHeard(
  key: HostKey,
  token: JoinToken,
  member: FleetMember,
  init: JoinAttempt,
): Promise<Welcome> {
  const node = await createJoinNode({ key, listen: [], hearBytesMax: welcomeBytesMax, report: () => {} });
  await node.start();
  // Deadlines of signals do not keep a process alive: without this a command would end in the middle of its conversation.
  const awake = setInterval(() => {}, retryMs);
  try {
    const deadline = performance.now() + (init.waitMs ?? 60_000);
    for (;;) {
      const attempt = await knock(node, token, member, init.release);
      if (attempt.kind === "welcome") return attempt.welcome;
      if (performance.now() + retryMs > deadline) throw unanswered(token, attempt.why);
      init.onWaiting?.(attempt.why);
      await delay(retryMs);
    }
  } finally {
    await node.stop();
    clearInterval(awake);
  }
}

type Attempt =
  | { readonly kind: "welcome"; readonly welcome: Welcome }
  | { readonly kind: "silent"; readonly why: string };

/** One try. What cannot get better by waiting is thrown. */
async function knock(node: Libp2p, token: JoinToken, member: FleetMember, release: string): Promise<Attempt> {
  const signal = AbortSignal.timeout(conversationMs);
  let connection: Connection;
  try {
    const addresses = token.addresses.map((address) => multiaddr(`${address}/p2p/${token.inviter}`));
    connection = await node.dial(addresses, { signal });
  } catch (error) {
    if (isWrongKey(error)) throw refused("whoever answers at the token's address is not the host that made the token");
    return { kind: "silent", why: reasonOf(error) };
  }
  try {
    return { kind: "welcome", welcome: await converse(connection, token, member, release, signal) };
  } catch (error) {
    if (error instanceof AgentError) throw error;
    if (error instanceof Error && error.name === "UnsupportedProtocolError") {
      throw refused(`the host at the token's address has no door to fleet ${token.fleet}`);
    }
    return { kind: "silent", why: reasonOf(error) };
  } finally {
    await hangUp(connection);
  }
}

async function converse(
  connection: Connection,
  token: JoinToken,
  member: FleetMember,
  release: string,
  signal: AbortSignal,
): Promise<Welcome> {
  const { fleet, fleetKeyHash: expected, secret } = token;
  const stream = await connection.newStream(joinProtocol(fleet), { signal });
  const words = conversationOver(stream, { hearBytesMax: welcomeBytesMax, signal });
  const offer = understood(await words.hear(offerSchema));
  if (offer.fleet !== fleet || fleetKeyHash(offer.fleetKey) !== expected) {
    throw refused("the inviter's fleet has another key than the token says: the secret was not sent");
  }
  const { hostId: host, peerId, role, disk, hypervisor } = member;
  const addresses = [...member.addresses];
  await words.say({ t: "knock", secret, host, role, disk, hypervisor, addresses, release } satisfies Knock);
  const answer = understood(await words.hear(answerSchema));
  if (answer.t === "refused") throw refused(answer.why);
  const verdict = verifyMembers(answer.document, { fleet, pinnedKey: offer.fleetKey });
  if (!verdict.ok)
    throw new AgentError("FLEET_INVALID", `the list that the inviter gave does not hold: ${verdict.why}`);
  if (!hasMember(answer.document, host, peerId)) {
    throw new AgentError("FLEET_INVALID", "the list that the inviter gave does not have this host on it");
  }
  return answer;
}

function understood<T>(heard: HeardWord<T>): T {
  if (heard.kind === "ok") return heard.word;
  throw refused(`the inviter says what this release does not understand: ${heard.reason}`);
}

/** What a host is called unless it is told otherwise: its host name up to the first dot. */
export function shortHostname(): string {
  return hostname().split(".", 1)[0] ?? hostname();
}

function unanswered({ addresses, inviter }: JoinToken, why: string): AgentError {
  const message = `nobody opens at ${addresses.join(", ")}: ${why}`;
  const remedy = `see that the agent runs on the host that made the token (${inviter}), and that its address can be reached from here`;
  return new AgentError("OPERATION_FAILED", message, { remedy });
}

function refused(why: string): AgentError {
  return new AgentError("TOKEN_REFUSED", why, {
    remedy: "make a new token with `berth token create` on a host of the fleet",
  });
}
