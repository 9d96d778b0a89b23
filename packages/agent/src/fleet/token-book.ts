/**
 * The tokens of this host, in `tokens.json`: hashes of secrets, never secrets. Commands and the agent change it under the lock of the
 * fleet's files, so a token can be made and revoked while the agent runs, and can be used once by one host only.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { AgentError } from "../agent-error.ts";
import type { MemberRole } from "../ports/peer-network.ts";
import { fleetPaths, lockFleetFiles, readJson, writeJson } from "./fleet-files.ts";
import { plainName } from "./fleet-schema.ts";
import { secretHash, tokenId } from "./token-text.ts";

/** What is kept of a token. All times are the wall clock's, ms since 1970. */
export interface TokenRecord {
  readonly id: string;
  readonly hash: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  /** The most that a host may become with it. */
  readonly role: MemberRole;
  /** The only host that may use it, and it may take the place of the member of this name: after its disk or key was lost. */
  readonly forHost?: string;
  readonly used?: { readonly host: string; readonly peerId: string; readonly atMs: number };
  readonly revokedMs?: number;
}

/** Where a token stands. */
export type TokenState = "open" | "used" | "revoked" | "expired";

const schema: z.ZodType<readonly TokenRecord[]> = z.array(
  z.strictObject({
    id: z.string().max(16),
    hash: z.string().length(64),
    createdMs: z.number(),
    expiresMs: z.number(),
    role: z.enum(["voter", "member", "observer"]),
    forHost: z.string().regex(plainName).exactOptional(),
    used: z.strictObject({ host: z.string(), peerId: z.string(), atMs: z.number() }).exactOptional(),
    revokedMs: z.number().exactOptional(),
  }),
);

/** A token that is no longer open is remembered for this long, for `berth token list`. Milliseconds: a week. */
const keptMs = 7 * 24 * 3_600_000;
/** Open tokens at once; more is a script gone wild. */
const openMax = 256;

/** Every token that is remembered. @throws AgentError FLEET_INVALID */
export function readTokens(stateDir: string): readonly TokenRecord[] {
  return readJson(fleetPaths(stateDir).tokens, schema) ?? [];
}

/** Where a token stands now. */
export function tokenState(token: TokenRecord, nowMs: number): TokenState {
  if (token.revokedMs !== undefined) return "revoked";
  if (token.used !== undefined) return "used";
  return token.expiresMs <= nowMs ? "expired" : "open";
}

/** Whether the door must be open: for a new host, or for one that used its token and did not hear the answer. */
export function isDoorNeeded(tokens: readonly TokenRecord[], nowMs: number): boolean {
  return tokens.some((token) => token.revokedMs === undefined && token.expiresMs > nowMs && !isSettled(token, nowMs));
}

/** How long a host that used a token may ask again, because the answer got lost. Milliseconds. */
const settleMs = 120_000;

function isSettled({ used }: TokenRecord, nowMs: number): boolean {
  return used !== undefined && nowMs - used.atMs > settleMs;
}

/** Makes a token and returns its secret, which is kept nowhere. @throws AgentError OPERATION_INVALID with too many open ones */
export async function createToken(
  stateDir: string,
  init: {
    readonly ttlMs: number;
    readonly role: MemberRole;
    readonly forHost?: string | undefined;
    readonly nowMs: number;
  },
): Promise<{ readonly secret: string; readonly record: TokenRecord }> {
  const { ttlMs, role, forHost, nowMs } = init;
  const secret = randomBytes(32).toString("base64url");
  const times = { createdMs: nowMs, expiresMs: nowMs + ttlMs };
  const record: TokenRecord = {
    ...{ id: tokenId(secret), hash: secretHash(secret), ...times, role },
    ...(forHost !== undefined && { forHost }),
  };
  await changeTokens(stateDir, nowMs, (tokens) => {
    if (tokens.filter((token) => tokenState(token, nowMs) === "open").length >= openMax) {
      throw new AgentError("OPERATION_INVALID", `there are ${openMax} open tokens already`, {
        remedy: "revoke some with `berth token revoke`",
      });
    }
    return [...tokens, record];
  });
  return { secret, record };
}

/** Revokes the token of this id, or all that are open. @throws AgentError NOT_FOUND */
export async function revokeTokens(
  stateDir: string,
  which: { readonly id?: string; readonly nowMs: number },
): Promise<number> {
  const { id, nowMs } = which;
  let revoked = 0;
  await changeTokens(stateDir, nowMs, (tokens) => {
    if (id !== undefined && !tokens.some((token) => token.id === id)) {
      throw new AgentError("NOT_FOUND", `there is no token ${id}`, { remedy: "see `berth token list`" });
    }
    return tokens.map((token) => {
      const isMeant = id === undefined ? tokenState(token, nowMs) === "open" : token.id === id;
      if (!isMeant || token.revokedMs !== undefined) return token;
      revoked += 1;
      return { ...token, revokedMs: nowMs };
    });
  });
  return revoked;
}

/** Who wants to use a token. */
export interface Redeemer {
  readonly host: string;
  readonly peerId: string;
  readonly role: MemberRole;
}

/** Whether a secret opens the door for this host. */
export type Redemption =
  | { readonly kind: "granted"; readonly token: TokenRecord }
  | { readonly kind: "refused"; readonly why: string };

/** What a secret is worth for this host, by the tokens as they stand. */
export function judgeSecret(tokens: readonly TokenRecord[], secret: string, who: Redeemer, nowMs: number): Redemption {
  const refuse = (why: string): Redemption => ({ kind: "refused", why });
  const hash = secretHash(secret);
  const token = tokens.find((candidate) => candidate.hash === hash);
  if (token === undefined) return refuse("this fleet does not know the token: it was not made here, or is forgotten");
  if (token.revokedMs !== undefined) return refuse("the token was revoked");
  if (token.expiresMs <= nowMs) return refuse("the token has expired");
  if (token.used !== undefined && token.used.peerId !== who.peerId) {
    return refuse(`the token was used already, by ${token.used.host}: it works once`);
  }
  if (token.forHost !== undefined && token.forHost !== who.host) {
    return refuse(`the token is for ${token.forHost} only`);
  }
  if (rank[who.role] > rank[token.role]) return refuse(`the token lets a host in as ${token.role}, not as ${who.role}`);
  return { kind: "granted", token };
}

const rank: Readonly<Record<MemberRole, number>> = { observer: 0, member: 1, voter: 2 };

/** The tokens with this one marked as used. */
export function markUsed(
  tokens: readonly TokenRecord[],
  id: string,
  who: Redeemer,
  nowMs: number,
): readonly TokenRecord[] {
  const used = { host: who.host, peerId: who.peerId, atMs: nowMs };
  return tokens.map((token) => (token.id === id && token.used === undefined ? { ...token, used } : token));
}

/** The tokens with all that this peer used revoked: a removed host must not come back with the token it came with. */
export function revokeUsedBy(tokens: readonly TokenRecord[], peerId: string, nowMs: number): readonly TokenRecord[] {
  return tokens.map((token) =>
    token.used?.peerId === peerId && token.revokedMs === undefined ? { ...token, revokedMs: nowMs } : token,
  );
}

/** Writes the tokens; those that are long over are left out. The caller holds the lock of the fleet's files. */
export function writeTokens(stateDir: string, tokens: readonly TokenRecord[], nowMs: number): void {
  const kept = tokens.filter((token) => tokenState(token, nowMs) === "open" || token.expiresMs + keptMs > nowMs);
  writeJson(fleetPaths(stateDir).tokens, kept);
}

async function changeTokens(
  stateDir: string,
  nowMs: number,
  change: (tokens: readonly TokenRecord[]) => readonly TokenRecord[],
): Promise<void> {
  const lock = await lockFleetFiles(stateDir);
  try {
    writeTokens(stateDir, change(readTokens(stateDir)), nowMs);
  } finally {
    lock.release();
  }
}
