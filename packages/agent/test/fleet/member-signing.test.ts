import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FleetKey, fleetKeyHash } from "../../src/fleet/fleet-key.ts";
import { withMember, withoutMember, withRole, withSelfReport, withVoters } from "../../src/fleet/member-changes.ts";
import type { FleetMember, MemberDocument, MemberDocumentBody } from "../../src/fleet/member-document.ts";
import { signMembers, signRotation, verifyMembers } from "../../src/fleet/member-signing.ts";
import { createRawKey, privateKeyOf } from "../../src/peers/ed25519.ts";

function newKey(): FleetKey {
  const raw = createRawKey();
  return { publicKey: Buffer.from(raw.subarray(32)).toString("base64"), signer: privateKeyOf(raw) };
}

const member = (hostId: string, change: Partial<FleetMember> = {}): FleetMember => ({
  ...{
    hostId,
    peerId: `peer-${hostId}`,
    addresses: ["/ip4/192.0.2.1/tcp/7946"],
    role: "voter",
    disk: `disk-${hostId}`,
  },
  hypervisor: true,
  ...change,
});

const [first, second, third, stranger] = [newKey(), newKey(), newKey(), newKey()];
const body: MemberDocumentBody = {
  fleet: "blue",
  number: 5,
  fleetKey: first.publicKey,
  rotations: [],
  members: [member("h1"), member("h2"), member("h3")],
};
const known = { fleet: "blue", pinnedKey: first.publicKey };
const chain = [signRotation("blue", first, second.publicKey), signRotation("blue", second, third.publicKey)];

/** Keys and signatures are random: one in 64 begins with an x. */
const otherText = (text: string) => `${text.startsWith("x") ? "y" : "x"}${text.slice(1)}`;

describe("a signed member list", () => {
  it("holds for whoever knows the fleet's key", () => {
    expect(verifyMembers(signMembers(body, first), known)).toEqual({ ok: true });
    expect(verifyMembers(signMembers(body, first), { ...known, above: 4 })).toEqual({ ok: true });
  });

  it("holds whatever order its keys came in, because the signed text has them sorted", () => {
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : value !== null && typeof value === "object"
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([key, inner]) => [key, reversed(inner)]),
            )
          : value;
    expect(verifyMembers(reversed(signMembers(body, first)) as MemberDocument, known)).toEqual({ ok: true });
  });

  it("does not hold when anything in it was changed", () => {
    const signed = signMembers({ ...body, voters: ["h1"] }, first);
    const leaves = (value: unknown, path: (string | number)[] = []): (string | number)[][] =>
      value !== null && typeof value === "object"
        ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
        : [path];
    fc.assert(
      fc.property(fc.constantFrom(...leaves(signed)), (path) => {
        const copy = structuredClone(signed) as unknown as Record<string | number, unknown>;
        const last = path.at(-1) ?? "";
        const parent = path
          .slice(0, -1)
          .reduce<Record<string | number, unknown>>((at, key) => at[key] as Record<string | number, unknown>, copy);
        const value = parent[last];
        parent[last] =
          typeof value === "number" ? value + 1 : typeof value === "boolean" ? !value : otherText(String(value));
        expect(verifyMembers(copy as unknown as MemberDocument, known).ok).toBe(false);
      }),
    );
  });

  it.each<[string, MemberDocument, object, RegExp]>([
    ["of another fleet", signMembers({ ...body, fleet: "red" }, first), {}, /of fleet red, not blue/],
    ["with the number that is known", signMembers(body, first), { above: 5 }, /old, or was replayed/],
    ["signed by another key in the fleet key's name", signMembers(body, stranger), {}, /signature is not/],
    ["under another key", signMembers({ ...body, fleetKey: stranger.publicKey }, stranger), {}, /no rotation leads/],
    ["without a signature", { ...body, signature: "" }, {}, /signature is not/],
  ])("%s is refused", (_title, document, more, why) => {
    expect(verifyMembers(document, { ...known, ...more })).toEqual({ ok: false, why: expect.stringMatching(why) });
  });
});

describe("a rotation of the fleet key", () => {
  const rotated = signMembers({ ...body, fleetKey: third.publicKey, rotations: chain }, third);

  it.each<[string, string]>([
    ["the first", first.publicKey],
    ["the second", second.publicKey],
    ["the newest", third.publicKey],
  ])("is followed by a host that knows %s key", (_title, pinnedKey) => {
    expect(verifyMembers(rotated, { fleet: "blue", pinnedKey })).toEqual({ ok: true });
  });

  it.each<[string, MemberDocumentBody["rotations"], FleetKey]>([
    ["misses a step", chain.slice(1), third],
    [
      "leads to a stranger without a signature of the key before",
      chain.slice(0, 1).map((step) => ({ ...step, to: stranger.publicKey })),
      stranger,
    ],
    ["has a step from another key", [...chain.slice(0, 1), signRotation("blue", stranger, third.publicKey)], third],
    ["was signed for another fleet", [signRotation("red", first, third.publicKey)], third],
    ["goes on after the key that signs", chain, second],
  ])("is not followed when its chain %s", (_title, rotations, key) => {
    const document = signMembers({ ...body, fleetKey: key.publicKey, rotations }, key);
    expect(verifyMembers(document, known).ok).toBe(false);
  });

  it("leaves nothing to the old key once a host knows the new one", () => {
    const byOld = signMembers({ ...body, number: 99 }, first);
    expect(verifyMembers(byOld, { fleet: "blue", pinnedKey: third.publicKey }).ok).toBe(false);
  });
});

it("the hash of a key is of its bytes", () => {
  expect(fleetKeyHash(first.publicKey)).toMatch(/^[0-9a-f]{64}$/);
  expect(fleetKeyHash(first.publicKey)).not.toBe(fleetKeyHash(second.publicKey));
});

describe("changes of the list", () => {
  const four = { ...body, members: [...body.members, member("h4", { role: "member" })] };
  it.each<[string, ReturnType<typeof withMember>, RegExp]>([
    ["a second host of one name", withMember(body, member("h2", { peerId: "other" })), /h2 in the fleet already/],
    ["one key under two names", withMember(body, member("h9", { peerId: "peer-h2" })), /already, under the name h2/],
    ["the removal of somebody else", withoutMember(body, "h9"), /no host h9 .* h1, h2, h3/],
    ["the removal of the last", withoutMember({ ...body, members: [member("h1")] }, "h1"), /last member/],
    ["a role for nobody", withRole(body, "h9", "member"), /no host h9/],
    ["a fleet in which nobody may vote", withRole({ ...body, members: [member("h1")] }, "h1", "observer"), /only one/],
    ["a role that contradicts the voters by name", withRole({ ...body, voters: ["h1"] }, "h1", "member"), /by name/],
    ["an even number of voters", withVoters(body, ["h1", "h2"]), /1, 3, 5 or 7/],
    ["one voter twice", withVoters(body, ["h1", "h1", "h2"]), /different/],
    ["a voter whose role is another", withVoters(four, ["h4"]), /h4 is member/],
  ])("refuse %s, and say why", (_title, change, why) => {
    expect(change).toEqual({ kind: "refused", why: expect.stringMatching(why) });
  });

  it.each<[string, ReturnType<typeof withMember>, Partial<MemberDocumentBody>]>([
    ["a new member", withMember(body, member("h5")), { members: [...body.members, member("h5")] }],
    [
      "a host that comes back under a new key",
      withMember(body, member("h2", { peerId: "new" }), { replaces: true }),
      { members: [member("h1"), member("h2", { peerId: "new" }), member("h3")] },
    ],
    ["a removal", withoutMember(body, "h2"), { members: [member("h1"), member("h3")] }],
    ["a role", withRole(four, "h4", "voter"), { members: [...body.members, member("h4")] }],
    ["voters by name", withVoters(body, ["h1", "h2", "h3"]), { voters: ["h1", "h2", "h3"] }],
    [
      "another disk",
      withSelfReport(body, "h1", { disk: "new", addresses: ["/ip4/192.0.2.1/tcp/7946"] }),
      { members: [member("h1", { disk: "new" }), member("h2"), member("h3")] },
    ],
  ])("take %s, with the next number", (_title, change, expected) => {
    expect(change).toEqual({ kind: "changed", body: { ...body, ...expected, number: 6 } });
  });

  it("are none when the list says so already", () => {
    expect(withMember(body, member("h2"))).toEqual({ kind: "same" });
    expect(withRole(body, "h2", "voter")).toEqual({ kind: "same" });
    expect(withVoters(body, undefined)).toEqual({ kind: "same" });
  });

  it("forget voters by name of whom one is removed", () => {
    const change = withoutMember({ ...body, voters: ["h1", "h2", "h3"] }, "h2");
    expect(change.kind === "changed" && "voters" in change.body).toBe(false);
  });
});
