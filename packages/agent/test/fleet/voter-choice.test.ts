import { type Configuration, isVoterCountAllowed, profiles } from "@berth/claims";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FleetMember } from "../../src/fleet/member-document.ts";
import { chooseVoters } from "../../src/fleet/voter-choice.ts";

const member = (hostId: string, role: FleetMember["role"] = "voter", disk = `disk-${hostId}`): FleetMember => ({
  ...{ hostId, peerId: `peer-${hostId}`, addresses: [], role, disk, hypervisor: true },
});
const config = (...hosts: string[]): Configuration => ({
  number: 1,
  voters: hosts.map((host) => ({ voter: `disk-${host}`, host })),
  profile: profiles.lan,
});
const names = (count: number) => Array.from({ length: count }, (_, index) => `h${index + 1}`);

interface Case {
  readonly members: readonly FleetMember[];
  readonly voters?: readonly string[];
  readonly config: Configuration;
  readonly up: readonly string[];
}

const all = (count: number) => names(count).map((name) => member(name));

describe("who should vote", () => {
  it.each<[string, Case, readonly string[] | undefined]>([
    ["the only host of a fleet", { members: all(1), config: config("h1"), up: ["h1"] }, undefined],
    ["one of two hosts", { members: all(2), config: config("h1"), up: names(2) }, undefined],
    ["all of three hosts", { members: all(3), config: config("h1"), up: names(3) }, names(3)],
    ["three of nine", { members: all(9), config: config("h1", "h2", "h3"), up: names(9) }, undefined],
    ["five of ten", { members: all(10), config: config("h1", "h2", "h3"), up: names(10) }, names(5)],
    ["as before while the third is not heard", { members: all(3), config: config("h1"), up: names(2) }, undefined],
    [
      "as before while no majority of the voters is heard",
      { members: [member("h1"), ...all(6).slice(2)], config: config("h1", "h2", "h3"), up: ["h1", "h4", "h5"] },
      undefined,
    ],
    [
      "another one for a voter that was removed",
      { members: all(4).slice(1), config: config("h1", "h2", "h3"), up: ["h2", "h3", "h4"] },
      ["h2", "h3", "h4"],
    ],
    [
      "another one for a voter that became a member",
      { members: [member("h1", "member"), ...all(4).slice(1)], config: config("h1", "h2", "h3"), up: names(4) },
      ["h2", "h3", "h4"],
    ],
    [
      "nobody in place of a voter that is only silent",
      { members: all(4), config: config("h1", "h2", "h3"), up: ["h2", "h3", "h4"] },
      undefined,
    ],
    [
      "one when two of three are left",
      { members: all(3).slice(1), config: config("h1", "h2", "h3"), up: ["h2", "h3"] },
      ["h2"],
    ],
    [
      "never an observer or a member",
      { members: [member("h1"), member("h2", "member"), member("h3", "observer")], config: config("h1"), up: names(3) },
      undefined,
    ],
    [
      "those that were asked for by name",
      { members: all(5), voters: ["h3", "h4", "h5"], config: config("h1", "h2", "h3"), up: names(5) },
      ["h3", "h4", "h5"],
    ],
    [
      "as before while one that was asked for is not heard",
      { members: all(5), voters: ["h3", "h4", "h5"], config: config("h1", "h2", "h3"), up: names(4) },
      undefined,
    ],
  ])("%s", (_title, { members, voters, config, up }, expected) => {
    const list = { members, ...(voters !== undefined && { voters }) };
    expect(chooseVoters({ members: list, config, up: new Set(up) })?.map(({ host }) => host)).toEqual(expected);
  });

  it("a host whose disk was wiped votes again under its new disk's id", () => {
    const members = { members: [member("h1"), member("h2", "voter", "disk-new"), member("h3")] };
    const chosen = chooseVoters({ members, config: config("h1", "h2", "h3"), up: new Set(names(3)) });
    expect(chosen?.map(({ voter }) => voter).sort()).toEqual(["disk-h1", "disk-h3", "disk-new"]);
  });

  it("is never an even number, never somebody new who is not heard, and settles in one step", () => {
    const situation = fc.record({
      roles: fc.array(fc.constantFrom<FleetMember["role"]>("voter", "member", "observer"), {
        minLength: 1,
        maxLength: 12,
      }),
      voters: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      up: fc.uniqueArray(fc.integer({ min: 1, max: 12 })),
    });
    fc.assert(
      fc.property(situation, ({ roles, voters, up }) => {
        const members = { members: roles.map((role, index) => member(`h${index + 1}`, role)) };
        const before = config(...voters.map((n) => `h${n}`));
        const heard = new Set(up.map((n) => `h${n}`));
        const chosen = chooseVoters({ members, config: before, up: heard });
        if (chosen === undefined) return;
        expect(isVoterCountAllowed(chosen.length)).toBe(true);
        for (const { host, voter } of chosen) {
          expect(members.members.find(({ hostId }) => hostId === host)).toMatchObject({ role: "voter", disk: voter });
          if (!before.voters.some((one) => one.host === host)) expect(heard.has(host)).toBe(true);
        }
        expect(chooseVoters({ members, config: { ...before, voters: chosen }, up: heard })).toBe(undefined);
      }),
    );
  });
});
