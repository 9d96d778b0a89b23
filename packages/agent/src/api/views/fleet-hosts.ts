/**
 * Hosts, peers and claims: what each host says of itself, beside how well it is heard. A field that a host never said is null,
 * never a guess.
 */
import type { HostId } from "@berth/claims";
import type { AgentSnapshot } from "../../daemon/running-agent.ts";
import type { ClaimItem, HostItem, PeerItem } from "../answers.ts";
import { knownGuests } from "./fleet-guests.ts";
import { freeMemory } from "./free-memory.ts";
import { type Hearing, hearings, seconds } from "./hearing.ts";
import { ownerState } from "./owner-state.ts";

/** The items of `berth get hosts`. */
export function hostItems(snapshot: AgentSnapshot): HostItem[] {
  const owned = ownedCounts(snapshot);
  return [...hearings(snapshot).values()].map((hearing) => ({
    ...hostItem(hearing, snapshot),
    guests: hearing.heard && hearing.member?.hypervisor !== false ? (owned.get(hearing.host) ?? 0) : null,
  }));
}

/** Guests by owner, as each owner says of itself. */
function ownedCounts({ claims, gossip, self }: AgentSnapshot): Map<HostId, number> {
  const counts = new Map([[self, claims.guests.filter(({ owned }) => owned).length]]);
  for (const { what } of gossip) {
    const { origin, body } = what;
    if (origin === self || body?.kind !== "guest" || body.owner !== origin) continue;
    counts.set(origin, (counts.get(origin) ?? 0) + 1);
  }
  return counts;
}

function hostItem(hearing: Hearing, snapshot: AgentSnapshot): Omit<HostItem, "guests"> {
  const { host, self, member, peer, advert, heard, ageMs } = hearing;
  const free = freeMemory(hearing);
  return {
    name: host,
    self,
    state: stateOf(hearing),
    ...(hearing.silence === "" ? {} : { state_reason: hearing.silence }),
    heard_by: hearing.heardBy,
    role: member?.role ?? peer?.member.role ?? "unknown",
    hypervisor: member?.hypervisor ?? true,
    hypervisor_up: hypervisorUp(hearing, snapshot),
    leased: leased(hearing, snapshot),
    draining: self ? snapshot.draining : heard ? (advert?.draining ?? null) : null,
    incarnation: self ? snapshot.claims.inc : (advert?.inc ?? null),
    memory_free_bytes: free.kind === "known" ? free.kib * 1024 : null,
    weight: advert?.weight ?? null,
    ...factsOf(host, snapshot),
    clock_offset_seconds: clockOffset(host, snapshot),
    addresses: member?.addresses ?? peer?.member.addresses ?? [],
    age_seconds: ageMs === undefined ? null : seconds(ageMs),
  };
}

/** Null for a witness, which needs none, and for a host that did not say. */
function leased({ self, heard, member, advert }: Hearing, { claims }: AgentSnapshot): boolean | null {
  if (member?.hypervisor === false) return null;
  if (self) return claims.leaseRemainingMs > 0;
  return heard ? (advert?.leased ?? null) : null;
}

function hypervisorUp({ self, heard, member, advert }: Hearing, { hypervisorProblem }: AgentSnapshot): boolean | null {
  if (member?.hypervisor === false) return null;
  if (self) return hypervisorProblem === undefined;
  return heard ? (advert?.hypervisor ?? null) : null;
}

/** `up`, `unknown` for one that is not heard, or `incompatible`. */
function stateOf({ heard, peer }: Hearing): string {
  if (heard) return "up";
  return peer?.state === "incompatible" ? "incompatible" : "unknown";
}

type Facts = Pick<
  HostItem,
  "memory_bytes" | "cpus" | "release" | "policy_digest" | "policy_problem" | "config_number" | "profile" | "degraded"
>;

/** What a host tells beside the protocol. This host's own facts come from the snapshot itself, which is newer. */
function factsOf(host: HostId, { facts, self, release, policy, claims, degraded }: AgentSnapshot): Facts {
  const heard = facts.get(host)?.what;
  const size = { memory_bytes: heard === undefined ? null : heard.memoryKib * 1024, cpus: heard?.cpus ?? null };
  if (host === self) {
    const { config } = claims;
    return {
      ...size,
      release,
      policy_digest: policy.digest,
      config_number: config.number,
      profile: config.profile.name,
      degraded,
    };
  }
  return {
    ...size,
    release: heard?.release ?? null,
    policy_digest: heard?.policyDigest ?? null,
    ...(heard?.policyProblem === undefined ? {} : { policy_problem: heard.policyProblem }),
    config_number: heard?.configNumber ?? null,
    profile: heard?.profile ?? null,
    degraded: heard?.degraded ?? [],
  };
}

/** Its clock less ours. The word was under way for milliseconds, so the nearest second is all that it is worth. */
function clockOffset(host: HostId, { facts, self, wallClockMs }: AgentSnapshot): number | null {
  if (host === self) return 0;
  const heard = facts.get(host);
  if (heard === undefined) return null;
  const offset = Math.round((heard.what.wallClockMs + heard.ageMs - wallClockMs) / 1000);
  return offset === 0 ? 0 : offset;
}

/** The items of `berth peers`: this host first, with what it hears itself. */
export function peerItems(snapshot: AgentSnapshot): PeerItem[] {
  return [...hearings(snapshot).values()].map(({ host, self, member, peer, ageMs }) => ({
    name: host,
    role: member?.role ?? peer?.member.role ?? "unknown",
    state: self ? "self" : peer?.state === "up" || peer?.state === "incompatible" ? peer.state : "unheard",
    state_age_seconds: seconds(self ? snapshot.upMs : (peer?.stateAgeMs ?? 0)),
    round_trip_seconds: peer?.roundTripMs === undefined ? null : Math.round(peer.roundTripMs * 10) / 10_000,
    heard_age_seconds: self ? 0 : ageMs === undefined ? null : seconds(ageMs),
    release: self ? snapshot.release : (snapshot.facts.get(host)?.what.release ?? null),
    clock_offset_seconds: clockOffset(host, snapshot),
    hears: self ? ownHearing(snapshot) : peer?.state === "up" ? toldHearing(host, snapshot) : [],
    queued_bytes: peer?.queuedBytes ?? 0,
    features: peer?.features ?? [],
    addresses: member?.addresses ?? peer?.member.addresses ?? [],
  }));
}

function ownHearing({ peers }: AgentSnapshot): PeerItem["hears"] {
  return peers.map(({ member, state, heardAgeMs }) => hears(member.hostId, state === "up", heardAgeMs));
}

function toldHearing(host: HostId, { facts }: AgentSnapshot): PeerItem["hears"] {
  const told = facts.get(host);
  return (told?.what.hears ?? []).map((one) =>
    hears(one.host, one.up, one.heardAgeMs === undefined ? undefined : one.heardAgeMs + (told?.ageMs ?? 0)),
  );
}

function hears(host: HostId, up: boolean, ageMs: number | undefined): PeerItem["hears"][number] {
  return { host, up, ...(ageMs === undefined ? {} : { heard_age_seconds: seconds(ageMs) }) };
}

/** The items of `berth get claims`: the newest claim of every guest that ever had one. */
export function claimItems(snapshot: AgentSnapshot): ClaimItem[] {
  const heard = hearings(snapshot);
  return [...knownGuests(snapshot).values()].flatMap(({ guest, claim, view, said }) => {
    if (claim === undefined) return [];
    const { owner, inc, epoch, runId, next } = claim.claim;
    return [
      {
        guest,
        owner,
        owner_state: ownerState(owner, heard),
        incarnation: inc,
        epoch,
        run_id: runId,
        ...(next === undefined ? {} : { next }),
        mode: said[0]?.advert.mode ?? null,
        said_by: claim.saidBy,
        phase: view?.phase ?? null,
        reason: view?.reason ?? null,
        age_seconds: seconds(owner === null ? claim.ageMs : (heard.get(owner)?.ageMs ?? claim.ageMs)),
      },
    ];
  });
}
