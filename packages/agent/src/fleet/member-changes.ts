/**
 * Changes of the member list, as functions from list to list. They say why they refuse; who may ask, and signing, is
 * somebody else's.
 */
import { type HostId, isVoterCountAllowed } from "@berth/claims";
import type { MemberRole } from "../ports/peer-network.ts";
import { membersMax } from "./fleet-schema.ts";
import type { FleetMember, MemberDocumentBody } from "./member-document.ts";

/** What became of a wish. `same`: the list says so already. */
export type MemberChange =
  | { readonly kind: "changed"; readonly body: MemberDocumentBody }
  | { readonly kind: "same" }
  | { readonly kind: "refused"; readonly why: string };

/** Adds a member. `replaces` lets it take the place of the member of its name. */
export function withMember(
  body: MemberDocumentBody,
  member: FleetMember,
  options: { readonly replaces?: boolean } = {},
): MemberChange {
  const { members } = body;
  const named = members.find(({ hostId }) => hostId === member.hostId);
  const keyed = members.find(({ peerId }) => peerId === member.peerId);
  if (named !== undefined && named === keyed) return withEntry(body, member);
  if (keyed !== undefined) return refused(`this host is a member already, under the name ${keyed.hostId}`);
  if (named !== undefined) {
    return options.replaces === true
      ? withEntry(body, member)
      : refused(`there is a host ${member.hostId} in the fleet already: choose another name with --host`);
  }
  if (members.length >= membersMax) return refused(`the fleet is full: it has ${membersMax} members`);
  return next(body, { members: [...members, member] });
}

/** Takes a member off the list. */
export function withoutMember(body: MemberDocumentBody, host: HostId): MemberChange {
  const { voters, ...rest } = body;
  if (!body.members.some(({ hostId }) => hostId === host)) return refused(unknown(host, body));
  if (body.members.length === 1) return refused(`${host} is the last member: a fleet has at least one`);
  const members = body.members.filter(({ hostId }) => hostId !== host);
  // A wish that names the host cannot be kept, and half of it would be an even number: back to the recommended set.
  return next(voters?.includes(host) === true ? rest : body, { members });
}

/** Gives a member another role. */
export function withRole(body: MemberDocumentBody, host: HostId, role: MemberRole): MemberChange {
  const member = body.members.find(({ hostId }) => hostId === host);
  if (member === undefined) return refused(unknown(host, body));
  if (role !== "voter" && body.voters?.includes(host) === true) {
    return refused(`${host} is one of the voters that were asked for by name: change that first`);
  }
  const eligible = body.members.filter((one) => one.role === "voter" && one.hostId !== host);
  if (role !== "voter" && eligible.length === 0) return refused(`${host} is the only one that may vote`);
  return withEntry(body, { ...member, role });
}

/** Asks for these voters by name, or with undefined for the recommended number. */
export function withVoters(body: MemberDocumentBody, hosts: readonly HostId[] | undefined): MemberChange {
  if (hosts === undefined) {
    const { voters, ...rest } = body;
    return voters === undefined ? { kind: "same" } : next(rest, {});
  }
  if (new Set(hosts).size !== hosts.length || !isVoterCountAllowed(hosts.length)) {
    return refused("a fleet has 1, 3, 5 or 7 different voters: with an even number one more could fail no more");
  }
  for (const host of hosts) {
    const member = body.members.find(({ hostId }) => hostId === host);
    if (member === undefined) return refused(unknown(host, body));
    if (member.role !== "voter") return refused(`${host} is ${member.role}: give it the role voter first`);
  }
  return hosts.join() === body.voters?.join() ? { kind: "same" } : next(body, { voters: hosts });
}

/** Takes what a member says of itself: its disk and its addresses. */
export function withSelfReport(
  body: MemberDocumentBody,
  host: HostId,
  report: Pick<FleetMember, "disk" | "addresses">,
): MemberChange {
  const member = body.members.find(({ hostId }) => hostId === host);
  return member === undefined ? refused(unknown(host, body)) : withEntry(body, { ...member, ...report });
}

function withEntry(body: MemberDocumentBody, member: FleetMember): MemberChange {
  const before = body.members.find(({ hostId }) => hostId === member.hostId);
  if (before !== undefined && isSameMember(before, member)) return { kind: "same" };
  return next(body, { members: body.members.map((one) => (one.hostId === member.hostId ? member : one)) });
}

function isSameMember(a: FleetMember, b: FleetMember): boolean {
  const text = ({ hostId, peerId, addresses, role, disk, hypervisor }: FleetMember) =>
    JSON.stringify([hostId, peerId, addresses, role, disk, hypervisor]);
  return text(a) === text(b);
}

function next(body: MemberDocumentBody, change: Partial<MemberDocumentBody>): MemberChange {
  return { kind: "changed", body: { ...body, ...change, number: body.number + 1 } };
}

function unknown(host: HostId, { members }: MemberDocumentBody): string {
  return `there is no host ${host} in the fleet; it has ${members.map(({ hostId }) => hostId).join(", ")}`;
}

function refused(why: string): MemberChange {
  return { kind: "refused", why };
}
