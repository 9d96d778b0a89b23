import { AgentError } from "../agent-error.ts";
import { lockFleetFiles } from "./fleet-files.ts";
import { openFleetHome, saveMembers } from "./fleet-home.ts";
import { type FleetKey, loadFleetKey, prepareNextFleetKey } from "./fleet-key.ts";
import type { MemberChange } from "./member-changes.ts";
import type { MemberDocument, MemberDocumentBody } from "./member-document.ts";
import { signMembers, signRotation } from "./member-signing.ts";
import { readTokens, type TokenRecord, writeTokens } from "./token-book.ts";

/** What a change of the list came to. */
export type LedgerOutcome =
  | { readonly kind: "changed"; readonly document: MemberDocument }
  /** Nothing had to be written. */
  | { readonly kind: "same"; readonly document: MemberDocument }
  | { readonly kind: "refused"; readonly why: string };

/** What a change may do with the tokens, which are under the same lock. */
export interface TokenChange {
  readonly tokens: readonly TokenRecord[];
  readonly change: MemberChange;
}

/**
 * Signs the next list, on the host that has the fleet key. One change at a time, whoever makes it: the agent or a command. Tokens are
 * written before the list, so that after a crash in between a token is spent and can be used again by its host only.
 *
 * @throws AgentError NOT_AUTHORISED without the fleet key; FLEET_ABSENT, FLEET_INVALID, STATE_FILE_LOCKED
 */
export async function changeMembers(
  stateDir: string,
  nowMs: number,
  change: (body: MemberDocumentBody, tokens: readonly TokenRecord[]) => MemberChange | TokenChange,
): Promise<LedgerOutcome> {
  const lock = await lockFleetFiles(stateDir);
  try {
    const { members } = openFleetHome(stateDir);
    const key = fleetKeyOf(stateDir, members);
    const { signature: _, ...body } = members;
    const before = readTokens(stateDir);
    const made = change(body, before);
    const { tokens, change: wish } = "kind" in made ? { tokens: before, change: made } : made;
    if (wish.kind === "refused") return wish;
    if (tokens !== before) writeTokens(stateDir, tokens, nowMs);
    if (wish.kind === "same") return { kind: "same", document: members };
    return { kind: "changed", document: saveMembers(stateDir, signMembers(wish.body, key)) };
  } finally {
    lock.release();
  }
}

/**
 * Lets a new fleet key follow the present one. Members follow the signature; tokens carry the old key's hash and are revoked.
 *
 * @throws as `changeMembers`
 */
export async function rotateFleetKey(stateDir: string, nowMs: number): Promise<MemberDocument> {
  const lock = await lockFleetFiles(stateDir);
  try {
    const { members } = openFleetHome(stateDir);
    const key = fleetKeyOf(stateDir, members);
    const next = prepareNextFleetKey(stateDir);
    const revoked = readTokens(stateDir).map((token) => ({ ...token, revokedMs: token.revokedMs ?? nowMs }));
    writeTokens(stateDir, revoked, nowMs);
    const { signature: _, ...body } = members;
    const rotations = [...body.rotations, signRotation(body.fleet, key, next.publicKey)];
    const document = signMembers({ ...body, number: body.number + 1, fleetKey: next.publicKey, rotations }, next);
    saveMembers(stateDir, document);
    next.install();
    return document;
  } finally {
    lock.release();
  }
}

/** The key that signs the next list. @throws AgentError NOT_AUTHORISED, FLEET_INVALID */
export function fleetKeyOf(stateDir: string, members: MemberDocument): FleetKey {
  const key = loadFleetKey(stateDir);
  if (key === undefined) {
    throw new AgentError(
      "NOT_AUTHORISED",
      "this host does not have the fleet key, so it cannot change who belongs to the fleet",
      {
        remedy: "run this on the host where the fleet was founded, or where fleet.key was copied to",
      },
    );
  }
  if (key.publicKey === members.fleetKey) return key;
  throw new AgentError(
    "FLEET_INVALID",
    "the fleet key here is not the one that signed the member list: it was rotated elsewhere",
    {
      remedy: "copy fleet.key from the host where it was rotated, or remove it here",
    },
  );
}
