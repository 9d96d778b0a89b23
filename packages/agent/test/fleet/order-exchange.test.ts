/** Orders between two hosts, without a network: who is asked, who is believed, and what is written down first. */
import { describe, expect, it } from "vitest";
import { OrderExchange, type OrderParts } from "../../src/fleet/order-exchange.ts";
import type { AgentNotice, OrderCommand } from "../../src/ports/agent-notice.ts";
import type { MemberRole, MemberStatus, SendOutcome } from "../../src/ports/peer-network.ts";

type Told = { readonly to: string; readonly notice: AgentNotice };
const queued: SendOutcome = { kind: "queued" };
const dropped = (reason: "unsupported" | "backlog"): SendOutcome => ({ kind: "dropped", reason });

function member(hostId: string, role: MemberRole = "voter") {
  return { hostId, peerId: `12D3-${hostId}`, addresses: [], role, disk: `disk-${hostId}`, hypervisor: true };
}

function peer(hostId: string, change: Partial<MemberStatus> = {}): MemberStatus {
  return { member: member(hostId), state: "up", stateAgeMs: 1, features: [], queuedBytes: 0, heardBy: [], ...change };
}

/** h1's exchange, with everything that it does. */
function h1(change: Partial<OrderParts> & { readonly sent?: SendOutcome } = {}) {
  const { sent = queued, ...parts } = change;
  const told: Told[] = [];
  const done: OrderCommand[] = [];
  const records: string[] = [];
  const notes: string[] = [];
  const exchange = new OrderExchange({
    channel: {
      sendNotice: (to, notice) => {
        told.push({ to, notice });
        return sent;
      },
      broadcastNotice: () => {},
      onNotice: () => () => {},
    },
    self: "h1",
    members: () => [member("h1"), member("h2"), member("h3"), member("o", "observer")],
    peers: () => [peer("h2"), peer("h3", { state: "down", heardAgeMs: 42_000, heardBy: ["h2"] })],
    carryOut: (command) => {
      done.push(command);
      return undefined;
    },
    record: async ({ operator, act, reason }) => void records.push(`${operator}: ${act}; ${reason}`),
    note: (text) => void notes.push(text),
    nowMs: () => 0,
    ...parts,
  });
  return { exchange, told, done, records, notes };
}

/** The id of the one order that was sent. */
async function idOf(told: readonly Told[]): Promise<string> {
  await expect.poll(() => told.length).toBe(1);
  const notice = told[0]?.notice;
  return notice?.kind === "order" ? notice.id : "";
}

const order = (command: OrderCommand, id = "0".repeat(32)): AgentNotice => ({
  ...{ kind: "order", id, command },
  operator: "ann",
});

describe("an order for another host", () => {
  it("is taken when that host says so, and is in the journal and in the audit trail", async () => {
    const { exchange, told, records, notes } = h1();
    const outcome = exchange.ask("h2", { kind: "release", guest: "web1", to: "h3" }, "ann");
    exchange.take("h2", { kind: "order-answer", id: await idOf(told) });
    expect(await outcome).toEqual({ kind: "taken" });
    expect(records).toEqual(["ann: ask h2 to release web1 for h3; asked for on h1"]);
    expect(notes).toEqual(["ann asked h2 to release web1 for h3: it does"]);
  });

  it("is refused with the other host's reason", async () => {
    const { exchange, told } = h1();
    const outcome = exchange.ask("h2", { kind: "drain" }, "ann");
    exchange.take("h2", { kind: "order-answer", id: await idOf(told), refusal: "it is a witness" });
    expect(await outcome).toEqual({ kind: "refused", reason: "it is a witness" });
  });

  it("is not answered by a third host, nor by an answer to another order", async () => {
    const { exchange, told } = h1({ answerMs: 20 });
    const outcome = exchange.ask("h2", { kind: "drain" }, "ann");
    exchange.take("h3", { kind: "order-answer", id: await idOf(told) });
    exchange.take("h2", { kind: "order-answer", id: "f".repeat(32) });
    expect(await outcome).toEqual({ kind: "unanswered", afterMs: 20 });
  });

  it.each<[string, Partial<OrderParts> & { readonly sent?: SendOutcome }, object]>([
    ["h9", {}, { kind: "unknown-host" }],
    ["o", {}, { kind: "not-entitled", who: "o" }],
    ["h3", {}, { kind: "not-reached", heardAgeMs: 42_000, heardBy: ["h2"] }],
    ["h2", { members: () => [member("h1", "observer"), member("h2")] }, { kind: "not-entitled", who: "h1" }],
    ["h2", { members: () => [member("h2")] }, { kind: "not-entitled", who: "h1" }],
    ["h2", { peers: () => [peer("h2", { state: "incompatible" })] }, { kind: "too-old" }],
    ["h2", { sent: dropped("unsupported") }, { kind: "too-old" }],
    ["h2", { sent: dropped("backlog") }, { kind: "not-reached", heardBy: [] }],
    ["h2", { record: () => Promise.reject(new Error("ENOSPC")) }, { kind: "not-recorded", reason: "ENOSPC" }],
  ])("to %s that cannot be given is told with its reason: case %#", async (host, change, outcome) => {
    expect(await h1(change).exchange.ask(host, { kind: "drain" }, "ann")).toEqual(outcome);
  });

  it("is not sent before it is written down", async () => {
    const { exchange, told } = h1({ record: () => Promise.reject(new Error("EROFS")) });
    await exchange.ask("h2", { kind: "drain" }, "ann");
    expect(told).toEqual([]);
  });
});

describe("an order of another host", () => {
  it("is written down with who asked and from where, carried out, and answered", async () => {
    const { exchange, told, done, records, notes } = h1();
    exchange.take("h2", order({ kind: "drain" }));
    await expect.poll(() => told).toEqual([{ to: "h2", notice: { kind: "order-answer", id: "0".repeat(32) } }]);
    expect(done).toEqual([{ kind: "drain" }]);
    expect(records).toEqual(["ann: give its guests up (drain); asked for on h2"]);
    expect(notes).toEqual(["ann on h2 asked this host to give its guests up (drain): it does"]);
  });

  it("that cannot be written down is not carried out", async () => {
    const { exchange, told, done } = h1({ record: () => Promise.reject(new Error("ENOSPC")) });
    exchange.take("h2", order({ kind: "drain" }));
    await expect
      .poll(() => told[0]?.notice)
      .toMatchObject({ kind: "order-answer", refusal: "it cannot write down who asked: ENOSPC" });
    expect(done).toEqual([]);
  });

  it("is not carried out when its sender was removed meanwhile", async () => {
    const { exchange, told, done } = h1({ peers: () => [] });
    exchange.take("h2", order({ kind: "drain" }));
    await expect.poll(() => told[0]?.notice).toMatchObject({ refusal: "h2 is no member" });
    expect(done).toEqual([]);
  });

  it("is refused without a line anywhere when too many come, and others are served all the same", async () => {
    let nowMs = 0;
    const peers = () => [peer("h2"), peer("h3")];
    const { exchange, told, done, records } = h1({ nowMs: () => nowMs, peers });
    for (let sent = 0; sent < 30; sent += 1) exchange.take("h2", order({ kind: "undrain" }));
    exchange.take("h3", order({ kind: "undrain" }));
    await expect.poll(() => told.length).toBe(31);
    expect([done.length, records.length]).toEqual([21, 21]);
    nowMs = 1_000;
    for (let sent = 0; sent < 5; sent += 1) exchange.take("h2", order({ kind: "undrain" }));
    await expect.poll(() => told.length).toBe(36);
    expect(done.length).toBe(23);
  });
});
