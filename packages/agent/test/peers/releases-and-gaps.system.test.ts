/** Two neighbouring releases in one fleet, and gossip that gets lost on the way. */
import { TopicValidatorResult } from "@libp2p/gossipsub";
import { describe, expect, it } from "vitest";
import { Fleet, gossipHeard, startFleet } from "./peer-fleet.ts";
import { push, renewal } from "./peer-messages.ts";

const soon = { timeout: 30_000, interval: 10 };

describe("agents of two releases", () => {
  it("that are neighbours speak the newest version that both know, gossip included", async () => {
    const internals = (index: number) => ({ majors: index === 0 ? [2, 1] : [1], features: [`r${index}`] });
    await using fleet = await startFleet(3, { internals });
    const [newer, older] = [fleet.host(0), fleet.host(1)];
    expect(newer.network.links?.get("h1")?.major).toBe(1);
    newer.network.send("h1", renewal(1));
    newer.network.broadcast(push("h0", 1));
    older.network.broadcast(push("h1", 2));
    await expect.poll(() => older.heard.length, soon).toBe(2);
    await expect.poll(() => gossipHeard(newer), soon).toEqual([2]);
    expect(newer.network.members()[0]?.features).toEqual(["r1"]);
  });

  it("of the same newer release use the newer version", async () => {
    await using fleet = await startFleet(2, { internals: () => ({ majors: [2, 1] }) });
    expect(fleet.host(0).network.links?.get("h1")?.major).toBe(2);
    fleet.host(0).network.broadcast(push("h0", 1));
    await expect.poll(() => gossipHeard(fleet.host(1)), soon).toEqual([1]);
  });

  it("that share no version say so instead of guessing", async () => {
    await using fleet = new Fleet({ internals: (index) => ({ majors: index === 0 ? [3, 2] : [1] }) });
    await fleet.add();
    await fleet.add();
    fleet.introduce();
    const states = () => fleet.hosts.map(({ network }) => network.members()[0]?.state);
    await expect.poll(states, soon).toContain("incompatible");
    expect(fleet.hosts.some(({ log }) => log.some(({ code }) => code === "incompatible"))).toBe(true);
  });
});

describe("gossip that gets lost", () => {
  it("is pulled from its origin, be it in the middle or the last, and is told once", async () => {
    await using fleet = await startFleet(2);
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const validators = b.network.node?.services.gossip.topicValidators;
    const [topic, real] = [...(validators ?? [])][0] ?? [];
    if (validators === undefined || topic === undefined || real === undefined) throw new RangeError("no topic");
    a.network.broadcast(push("h0", 1));
    await expect.poll(() => gossipHeard(b), soon).toEqual([1]);
    validators.set(topic, () => TopicValidatorResult.Ignore);
    for (const seq of [2, 3]) a.network.broadcast(push("h0", seq));
    await expect.poll(() => gossipHeard(b), soon).toEqual([1, 2, 3]);
    validators.set(topic, real);
    a.network.broadcast(push("h0", 4));
    await expect.poll(() => gossipHeard(b), soon).toEqual([1, 2, 3, 4]);
    expect(b.network.counters()["gap-pulled"]).toBeGreaterThanOrEqual(2);
    expect(b.network.counters()).toMatchObject({ "gap-lost": 0, replayed: 0 });
  });

  it("would stay lost without pulls", async () => {
    await using fleet = await startFleet(2, { guards: { pullGaps: false } });
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const validators = b.network.node?.services.gossip.topicValidators;
    const [topic, real] = [...(validators ?? [])][0] ?? [];
    if (validators === undefined || topic === undefined || real === undefined) throw new RangeError("no topic");
    let ignored = 0;
    validators.set(topic, () => {
      ignored += 1;
      return TopicValidatorResult.Ignore;
    });
    a.network.broadcast(push("h0", 1));
    await expect.poll(() => ignored, soon).toBe(1);
    validators.set(topic, real);
    a.network.broadcast(push("h0", 2));
    await expect.poll(() => gossipHeard(b), soon).toEqual([2]);
    expect(b.network.counters()["gap-pulled"]).toBe(0);
  });
});
