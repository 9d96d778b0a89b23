import type { HostId } from "@berth/claims";
import type { Hearing } from "./hearing.ts";

/** In a few words, whether the owner lives. */
export function ownerState(owner: HostId | null, heard: ReadonlyMap<HostId, Hearing>): string {
  if (owner === null) return "released";
  const hearing = heard.get(owner);
  if (hearing === undefined) return `unknown (${owner} is no member)`;
  if (!hearing.heard) return `unknown (${hearing.silence})`;
  if (hearing.self) return "this host";
  if (hearing.advert === undefined) return "heard";
  return hearing.advert.leased ? "leased" : "without a lease";
}
