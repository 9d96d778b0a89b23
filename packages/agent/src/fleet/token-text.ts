/**
 * A join token as people pass it on: one word that names the fleet, how to know it, where its door is, and the secret that opens it.
 *
 * The joining host believes the door only if Noise proves the inviter's peer id and the fleet's key has the hash that stands
 * here; only then it says the secret. So a token that somebody reads lets him join, once and for a while, and a
 * forged door learns nothing. The sum at the end tells a token that was cut or mistyped from one that is refused.
 */
import { createHash } from "node:crypto";
import { peerIdFromString } from "@libp2p/peer-id";
import { z } from "zod";
import { AgentError } from "../agent-error.ts";
import { addressesSchema, plainName } from "./fleet-schema.ts";

/** What a token says. */
export interface JoinToken {
  readonly fleet: string;
  /** Hexadecimal sha-256 of the fleet's public key. */
  readonly fleetKeyHash: string;
  /** Peer id of the host whose door it is. */
  readonly inviter: string;
  readonly addresses: readonly string[];
  /** 32 random bytes, base64url. */
  readonly secret: string;
  /** Wall clock, ms since 1970. */
  readonly expiresMs: number;
}

const prefix = "berth1-";
/** Longer than any token with 16 addresses. */
const charsMax = 8_192;

const schema = z.tuple([
  z.string().regex(plainName),
  z.string().regex(/^[0-9a-f]{64}$/),
  z.string().min(1).max(128).refine(isPeerId),
  addressesSchema,
  z.string().length(43),
  z.number().int().nonnegative(),
]);

/** The token as one word. */
export function formatToken(token: JoinToken): string {
  const { fleet, fleetKeyHash, inviter, addresses, secret, expiresMs } = token;
  const body = Buffer.from(JSON.stringify([fleet, fleetKeyHash, inviter, addresses, secret, expiresMs]));
  return `${prefix}${Buffer.concat([body, sumOf(body)]).toString("base64url")}`;
}

/** Reads a token. @throws AgentError TOKEN_REFUSED when it is not whole */
export function parseToken(text: string): JoinToken {
  const word = text.trim();
  if (!word.startsWith(prefix) || word.length > charsMax) throw refused("this is no join token");
  const bytes = Buffer.from(word.slice(prefix.length), "base64url");
  const body = bytes.subarray(0, -8);
  if (bytes.length < 9 || !sumOf(body).equals(bytes.subarray(-8))) {
    throw refused("this token is not whole: a part of it is missing, or was changed");
  }
  const parsed = schema.safeParse(readJson(body));
  if (!parsed.success) throw refused("this token was made by another release of Berth");
  const [fleet, fleetKeyHash, inviter, addresses, secret, expiresMs] = parsed.data;
  return { fleet, fleetKeyHash, inviter, addresses, secret, expiresMs };
}

/** What is stored in place of a secret. Plain sha-256 is enough for 256 random bits. */
export function secretHash(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Names a token in lists and commands. */
export function tokenId(secret: string): string {
  return secretHash(secret).slice(0, 10);
}

function sumOf(body: Uint8Array): Buffer {
  return createHash("sha256").update("berth-token-1").update(body).digest().subarray(0, 8);
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function isPeerId(text: string): boolean {
  try {
    return peerIdFromString(text).type === "Ed25519";
  } catch {
    return false;
  }
}

function refused(message: string): AgentError {
  return new AgentError("TOKEN_REFUSED", message, { remedy: "make a new one with `berth token create`" });
}
