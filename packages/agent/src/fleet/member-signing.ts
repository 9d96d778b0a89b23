/**
 * How a member list proves itself.
 *
 * The list is signed as text: `["berth-members-1", {everything but the signature}]` in JSON whose keys are sorted and which has no
 * blanks, so that every release and every decoder comes to the same bytes. A host remembers the fleet's key from the
 * day it joined. A list under another key is believed only if the remembered key signed the next one, that one the
 * next, and so on to the list's own; and any list only if its number is higher than that of the one before, so that an
 * old list with a removed host on it cannot come back.
 */
import { canonicalText } from "../peers/canonical-text.ts";
import { type FleetKey, isSignedBy, signText } from "./fleet-key.ts";
import type { FleetKeyRotation, MemberDocument, MemberDocumentBody } from "./member-document.ts";

/** Whether a list is to be believed. */
export type MemberVerdict = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** What a host already knows of its fleet. */
export interface KnownFleet {
  readonly fleet: string;
  /** The fleet's key as this host remembers it; base64. */
  readonly pinnedKey: string;
  /** A list must have a higher number than this. @default none: any number will do */
  readonly above?: number;
}

/** The list with its signature. */
export function signMembers(body: MemberDocumentBody, key: FleetKey): MemberDocument {
  return { ...body, signature: signText(memberText(body), key) };
}

/** The statement of a key that another one follows. */
export function signRotation(fleet: string, from: FleetKey, to: string): FleetKeyRotation {
  return { from: from.publicKey, to, signature: signText(rotationText(fleet, from.publicKey, to), from) };
}

/** Looks at fleet, number, chain of keys and signature. */
export function verifyMembers(document: MemberDocument, known: KnownFleet): MemberVerdict {
  if (document.fleet !== known.fleet) return refuse(`it is of fleet ${document.fleet}, not ${known.fleet}`);
  if (document.number <= (known.above ?? -1)) {
    return refuse(`its number ${document.number} is not above ${known.above}: it is old, or was replayed`);
  }
  if (!leadsTo(document, known.pinnedKey)) {
    return refuse("its fleet key is not the one that this host knows, and no rotation leads from that to it");
  }
  if (!isSignedBy(memberText(document), document.signature, document.fleetKey)) {
    return refuse("its signature is not the fleet key's");
  }
  return { ok: true };
}

/** Follows the rotations from the key that is known; each step must be signed by the key before. */
function leadsTo({ fleet, rotations, fleetKey }: MemberDocumentBody, pinnedKey: string): boolean {
  let key = pinnedKey;
  const begin = rotations.findIndex(({ from }) => from === key);
  for (const { from, to, signature } of begin < 0 ? [] : rotations.slice(begin)) {
    if (from !== key || !isSignedBy(rotationText(fleet, from, to), signature, from)) return false;
    key = to;
  }
  return key === fleetKey;
}

function memberText({ fleet, number, fleetKey, rotations, members, voters }: MemberDocumentBody): string {
  return canonicalText(["berth-members-1", { fleet, number, fleetKey, rotations, members, voters }]);
}

function rotationText(fleet: string, from: string, to: string): string {
  return canonicalText(["berth-fleet-key-rotation-1", { fleet, from, to }]);
}

function refuse(why: string): MemberVerdict {
  return { ok: false, why };
}
