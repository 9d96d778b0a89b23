/**
 * Who is heard, and what their silence means.
 *
 * A host that is connected says at once when something changes, so its last word holds as of the moment it was last heard.
 * The last word of a host that is not heard holds for nothing: the guest may run on, be paused, or run elsewhere. So every
 * row about such a host is `unknown`, with how long it has been silent, and never "stopped".
 */
import type { GossipEntry, HostAdvert, HostId } from "@berth/claims";
import type { AgentSnapshot, Heard } from "../../daemon/running-agent.ts";
import type { FleetMember } from "../../fleet/member-document.ts";
import type { MemberStatus } from "../../ports/peer-network.ts";
import type { Unreachable } from "../envelope.ts";

/** What this host hears of one host, itself included. */
export interface Hearing {
  readonly host: HostId;
  readonly self: boolean;
  /** Its word may be believed as of {@link ageMs} ago. */
  readonly heard: boolean;
  /** Since it was last heard directly; undefined when never. */
  readonly ageMs: number | undefined;
  /** Such as `h3 unheard 42s`; empty while it is heard. */
  readonly silence: string;
  /** Others that say that they hear it, while this host does not. */
  readonly heardBy: readonly HostId[];
  readonly member: FleetMember | undefined;
  readonly peer: MemberStatus | undefined;
  /** Its newest word about itself; absent before the first. */
  readonly advert: HostAdvert | undefined;
}

/** A snapshot never changes, and one answer looks at it from several sides. */
const worked = new WeakMap<AgentSnapshot, ReadonlyMap<HostId, Hearing>>();

/** Every member of the fleet in name order, and what this host hears of it. */
export function hearings(snapshot: AgentSnapshot): ReadonlyMap<HostId, Hearing> {
  const found = worked.get(snapshot) ?? workOut(snapshot);
  worked.set(snapshot, found);
  return found;
}

function workOut(snapshot: AgentSnapshot): ReadonlyMap<HostId, Hearing> {
  const { self, members, peers } = snapshot;
  const adverts = hostAdverts(snapshot.gossip);
  const names = new Set([self, ...members.members.map(({ hostId }) => hostId), ...peers.map((p) => p.member.hostId)]);
  const byName = new Map(members.members.map((member) => [member.hostId, member]));
  const peerByName = new Map(peers.map((peer) => [peer.member.hostId, peer]));
  return new Map(
    [...names].sort().map((host) => {
      const parts = { host, self: host === self, member: byName.get(host), peer: peerByName.get(host) };
      const others = othersThatHear(host, snapshot, parts.peer);
      const heard = verdict(parts, others);
      return [host, { ...parts, advert: adverts.get(host), ...heard, heardBy: heard.heard ? [] : others }];
    }),
  );
}

/** By what the peer network asked for, and by what hosts that are up say of themselves. */
function othersThatHear(host: HostId, { facts, peers }: AgentSnapshot, peer: MemberStatus | undefined): HostId[] {
  const up = peers.flatMap(({ member, state }) => (state === "up" ? [member.hostId] : []));
  const telling = up.filter((other) => facts.get(other)?.what.hears.some((told) => told.host === host && told.up));
  return [...new Set([...(peer?.heardBy ?? []), ...telling])].sort();
}

type Parts = Pick<Hearing, "host" | "self" | "peer">;

/**
 * Only what comes from the host itself counts: gossip of a host that died long ago is new to an agent that has just started.
 */
function verdict(
  { host, self, peer }: Parts,
  heardBy: readonly HostId[],
): Pick<Hearing, "heard" | "ageMs" | "silence"> {
  if (self) return { heard: true, ageMs: 0, silence: "" };
  const ageMs = peer?.heardAgeMs;
  if (peer?.state === "up") return { heard: true, ageMs: ageMs ?? 0, silence: "" };
  if (peer?.state === "incompatible") {
    return { heard: false, ageMs, silence: `${host} runs a release that does not fit` };
  }
  const others = heardBy.length === 0 ? "" : `, ${heardBy.join(" and ")} can hear it`;
  return { heard: false, ageMs, silence: `${silenceText(host, ageMs)}${others}` };
}

/** `h3 unheard 42s`, or that it was never heard at all. */
export function silenceText(host: HostId, ageMs: number | undefined): string {
  return ageMs === undefined ? `${host} never heard` : `${host} unheard ${shortDuration(ageMs)}`;
}

/** At most two units, as the tables of the command have them: `42s`, `3m10s`, `2h5m`. */
export function shortDuration(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days}d${hours === 0 ? "" : `${hours}h`}`;
  if (hours > 0) return `${hours}h${minutes === 0 ? "" : `${minutes}m`}`;
  if (minutes > 0) return `${minutes}m${whole % 60 === 0 ? "" : `${whole % 60}s`}`;
  return `${whole}s`;
}

function hostAdverts(gossip: readonly Heard<GossipEntry>[]): Map<HostId, HostAdvert> {
  const adverts = new Map<HostId, HostAdvert>();
  for (const { what } of gossip) if (what.body?.kind === "host") adverts.set(what.origin, what.body);
  return adverts;
}

/** The hosts whose word is missing, for the frame of an answer. */
export function unheard(heard: ReadonlyMap<HostId, Hearing>): readonly Unreachable[] {
  return [...heard.values()].flatMap(({ host, heard: isHeard, silence, ageMs }) =>
    isHeard ? [] : [{ host, reason: silence, ...(ageMs === undefined ? {} : { age_seconds: seconds(ageMs) }) }],
  );
}

/** Milliseconds as whole seconds, downwards. */
export function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}
