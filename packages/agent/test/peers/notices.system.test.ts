/** What agents tell each other beside the protocol, over real links; and what a hostile member makes of it. */
import { describe, expect, it } from "vitest";
import { encodeFrame } from "../../src/peers/wire-codec.ts";
import { type AgentNotice, noticeTextMax } from "../../src/ports/agent-notice.ts";
import { type FleetHost, startFleet } from "./peer-fleet.ts";
import { push, renewal } from "./peer-messages.ts";

const soon = { timeout: 30_000, interval: 10 };
const number = (value: number): AgentNotice => ({ kind: "members-number", number: value });
const drain: AgentNotice = { kind: "order", id: "0".repeat(32), command: { kind: "drain" }, operator: "ann" };
const definition = (length: number): AgentNotice => ({
  ...{ kind: "definition", guest: "web1", uuid: "u", epoch: 1 },
  xml: "ä".repeat(length),
});

function noticesOf({ network }: FleetHost): { from: string; notice: AgentNotice }[] {
  const told: { from: string; notice: AgentNotice }[] = [];
  network.onNotice((from, notice) => told.push({ from, notice }));
  return told;
}

describe("notices", () => {
  it("go to one or to all, with the name of their sender, small and big ones", async () => {
    await using fleet = await startFleet(3);
    const [a, b, c] = fleet.hosts.map(noticesOf);
    expect(fleet.host(0).network.sendNotice("h1", number(7))).toEqual({ kind: "queued" });
    fleet.host(2).network.broadcastNotice(definition(200_000));
    await expect.poll(() => b?.length, soon).toBe(2);
    expect(b).toContainEqual({ from: "h0", notice: number(7) });
    expect(b).toContainEqual({ from: "h2", notice: definition(200_000) });
    await expect.poll(() => a, soon).toEqual([{ from: "h2", notice: definition(200_000) }]);
    expect(c).toEqual([]);
  });

  it("above the limit stay where they are, and the log names the guest", async () => {
    await using fleet = await startFleet(2);
    const { network, log } = fleet.host(0);
    expect(network.sendNotice("h1", definition(noticeTextMax))).toEqual({ kind: "dropped", reason: "oversize" });
    expect(log.some(({ code, text }) => code === "oversize" && text.includes("definition of guest web1"))).toBe(true);
    expect(network.sendNotice("h1", number(1))).toEqual({ kind: "queued" });
  });

  it("are not sent to a release that does not know them, and votes go on", async () => {
    await using fleet = await startFleet(2, { internals: (index) => (index === 1 ? { features: ["gap-pull"] } : {}) });
    const told = noticesOf(fleet.host(1));
    expect(fleet.host(0).network.sendNotice("h1", number(1))).toEqual({ kind: "dropped", reason: "unsupported" });
    fleet.host(0).network.broadcastNotice(number(2));
    expect(fleet.host(1).network.sendNotice("h0", number(3))).toEqual({ kind: "queued" });
    expect(told).toEqual([]);
  });

  it("that are orders are not sent to a release that would take them for malformed", async () => {
    const features = ["gap-pull", "notices", "probe"];
    await using fleet = await startFleet(2, { internals: (index) => (index === 1 ? { features } : {}) });
    expect(fleet.host(0).network.sendNotice("h1", drain)).toEqual({ kind: "dropped", reason: "unsupported" });
    expect(fleet.host(0).network.sendNotice("h1", number(1))).toEqual({ kind: "queued" });
  });

  it("that are orders neither go to observers nor come from them", async () => {
    await using fleet = await startFleet(2, { role: (index) => (index === 1 ? "observer" : "voter") });
    const [voter, observer] = [fleet.host(0), fleet.host(1)];
    expect(voter.network.sendNotice("h1", drain)).toEqual({ kind: "dropped", reason: "not-entitled" });
    const told = noticesOf(voter);
    observer.network.sendNotice("h0", drain);
    observer.network.sendNotice("h0", number(1));
    await expect.poll(() => told, soon).toEqual([{ from: "h1", notice: number(1) }]);
    expect(voter.network.counters()["role-refused"]).toBe(1);
  });

  it.each<[string, object]>([
    ["a command that no order may have", { command: { kind: "confirm-dead", host: "h1", operator: "ann" } }],
    ["a field that nobody knows", { command: { kind: "drain", force: true } }],
    ["an id of another shape", { id: "1" }],
    ["no operator", { operator: "" }],
  ])("that are orders with %s are refused as malformed, and the link goes on", async (_what, change) => {
    await using fleet = await startFleet(2);
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const told = noticesOf(b);
    a.network.sendNotice("h1", { ...drain, ...change } as AgentNotice);
    a.network.sendNotice("h1", number(1));
    await expect.poll(() => told, soon).toEqual([{ from: "h0", notice: number(1) }]);
    expect(b.network.counters().malformed).toBe(1);
  });

  it("keep the secrets of guests from observers, and take none from them", async () => {
    await using fleet = await startFleet(2, { role: (index) => (index === 1 ? "observer" : "voter") });
    const [a, b] = [fleet.host(0), fleet.host(1)];
    expect(a.network.sendNotice("h1", definition(1))).toEqual({ kind: "dropped", reason: "not-entitled" });
    const told = noticesOf(a);
    b.network.sendNotice("h0", definition(1));
    b.network.sendNotice("h0", number(1));
    await expect.poll(() => told, soon).toEqual([{ from: "h1", notice: number(1) }]);
    expect(a.network.counters()["role-refused"]).toBe(1);
  });
});

describe("an observer", () => {
  it("does not say what all others would refuse and log for ever, and asks for gossip all the same", async () => {
    await using fleet = await startFleet(2, { role: (index) => (index === 1 ? "observer" : "voter") });
    const [voter, observer] = [fleet.host(0), fleet.host(1)];
    expect(observer.network.broadcast(push("h1", 1))).toEqual({ kind: "dropped", reason: "not-entitled" });
    expect(observer.network.send("h0", renewal(1))).toEqual({ kind: "dropped", reason: "not-entitled" });
    const digest = { kind: "gossip-digest", fleet: "test", cfg: 1, digests: [1] } as const;
    expect(observer.network.send("h0", digest)).toEqual({ kind: "queued" });
    await expect.poll(() => voter.heard, soon).toEqual([{ from: "h1", message: digest }]);
    expect(voter.network.counters()["role-refused"]).toBe(0);
  });
});

describe("a member that sends without end", () => {
  it("is read no faster than a fleet needs, and served again when it has calmed down", async () => {
    await using fleet = await startFleet(2);
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const told = noticesOf(b);
    const frame = encodeFrame({ t: "notice", id: 1, part: 1, parts: 2, text: "x".repeat(15_000) });
    const link = () => a.network.links?.get("h1");
    await expect
      .poll(
        () => {
          for (let sent = 0; sent < 60; sent += 1) link()?.send(frame, "bulk");
          return b.network.counters().flooded;
        },
        { timeout: 10_000, interval: 5 },
      )
      .toBeGreaterThan(0);
    expect(b.log.some(({ code, host }) => code === "flooded" && host === "h0")).toBe(true);
    await expect
      .poll(
        () => {
          a.network.sendNotice("h1", number(1));
          return told.length;
        },
        { ...soon, interval: 100 },
      )
      .toBeGreaterThan(0);
    expect(b.network.members()[0]?.state).toBe("up");
  });
});
