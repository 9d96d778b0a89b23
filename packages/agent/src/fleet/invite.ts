import { AgentError } from "../agent-error.ts";
import { loadHostKey } from "../peers/host-key.ts";
import type { MemberRole } from "../ports/peer-network.ts";
import { openFleetHome } from "./fleet-home.ts";
import { fleetKeyHash } from "./fleet-key.ts";
import { fleetKeyOf } from "./fleet-ledger.ts";
import { createToken, type TokenRecord } from "./token-book.ts";
import { formatToken } from "./token-text.ts";

/** What a token shall be good for. */
export interface Invitation {
  /** @default a day: long enough to set a host up, short enough to be forgotten */
  readonly ttlMs?: number;
  /** The most that the host may become. @default voter */
  readonly role?: MemberRole;
  /** Only this host may use it, and it may take its old place. */
  readonly forHost?: string | undefined;
  readonly nowMs: number;
}

/** Time that a token is good for unless told otherwise. Milliseconds. */
export const tokenTtlMs = 24 * 3_600_000;

/**
 * Makes a join token for this host's door, and returns it as one word, which is shown once and kept nowhere.
 *
 * @throws AgentError NOT_AUTHORISED without the fleet key; OPERATION_INVALID when the door has no address others could dial
 */
export async function invite(
  stateDir: string,
  { ttlMs = tokenTtlMs, role = "voter", forHost, nowMs }: Invitation,
): Promise<{ readonly text: string; readonly record: TokenRecord }> {
  const { fleet, members, join } = openFleetHome(stateDir);
  fleetKeyOf(stateDir, members);
  if (join.advertise.length === 0) {
    throw new AgentError("OPERATION_INVALID", "the door of this host has no address that others could dial", {
      remedy: "found the fleet with --listen or --advertise and a fixed port",
    });
  }
  const { peerId } = await loadHostKey(stateDir);
  const { secret, record } = await createToken(stateDir, { ttlMs, role, forHost, nowMs });
  const text = formatToken({
    fleet,
    fleetKeyHash: fleetKeyHash(members.fleetKey),
    inviter: peerId,
    addresses: join.advertise,
    secret,
    expiresMs: record.expiresMs,
  });
  return { text, record };
}
