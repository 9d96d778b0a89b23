/**
 * Who should vote.
 *
 * One voter for a fleet of one or two, three up to nine, five from ten on (protocol, section 7), never an even number. Whoever votes
 * keeps voting: a change of voters copies registers and costs a quarantine. A host is added only while it is heard, because a
 * new set must answer; and the set is left as it is while there are too few to make it whole.
 */
import { type Configuration, type HostId, majority, recommendedVoters, type Voter } from "@berth/claims";
import type { FleetMember, MemberDocument } from "./member-document.ts";

/** What the choice is made from. */
export interface VoterSituation {
  readonly members: Pick<MemberDocument, "members" | "voters">;
  /** In force. */
  readonly config: Configuration;
  /** Hosts that are heard now, this one included. */
  readonly up: ReadonlySet<HostId>;
}

/** The set that should take the place of the one in force; undefined when that is right, or cannot be changed now. */
export function chooseVoters({ members, config, up }: VoterSituation): readonly Voter[] | undefined {
  const upNow = config.voters.filter(({ host }) => up.has(host)).length;
  if (upNow < majority(config.voters.length)) return undefined;
  const chosen = members.voters === undefined ? recommended(members.members, config, up) : named(members);
  if (chosen === undefined) return undefined;
  const voters = chosen.map(({ disk, hostId }) => ({ voter: disk, host: hostId }));
  const isNew = (voter: Voter) => !config.voters.some((one) => isSame(one, voter));
  if (voters.some((voter) => isNew(voter) && !up.has(voter.host))) return undefined;
  return voters.length === config.voters.length && !voters.some(isNew) ? undefined : voters;
}

function named({ members, voters = [] }: VoterSituation["members"]): readonly FleetMember[] | undefined {
  const found = voters.flatMap((host) => members.filter(({ hostId, role }) => hostId === host && role === "voter"));
  return found.length === voters.length ? found : undefined;
}

function recommended(
  members: readonly FleetMember[],
  config: Configuration,
  up: ReadonlySet<HostId>,
): readonly FleetMember[] | undefined {
  const eligible = members.filter(({ role }) => role === "voter");
  const wanted = recommendedVoters(eligible.length);
  const votes = ({ disk, hostId }: FleetMember) =>
    config.voters.some((one) => isSame(one, { voter: disk, host: hostId }));
  // Present voters first, those that are heard before those that are not; then whoever is heard, in the order of joining.
  const present = eligible.filter(votes).sort((a, b) => Number(up.has(b.hostId)) - Number(up.has(a.hostId)));
  const others = eligible.filter((member) => !votes(member) && up.has(member.hostId));
  const chosen = [...present, ...others].slice(0, wanted);
  return chosen.length === wanted ? chosen : undefined;
}

function isSame(a: Voter, b: Voter): boolean {
  return a.voter === b.voter && a.host === b.host;
}
