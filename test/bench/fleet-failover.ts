/**
 * Berth on three real hosts of this machine: from power cut to the guest executing elsewhere, told by the guest itself, and
 * from a heal to one copy where a partition let each side run one.
 */
import { Fleet } from "../support/fleet/fleet.ts";
import { executingOn, overlapsOf, type RunRecord } from "../support/fleet/run-record.ts";

/** What was measured with one profile. */
export interface FailoverTimes {
  /** Milliseconds, one for each power cut. */
  readonly takeovers: readonly number[];
  /** Milliseconds in which a guest executed on two hosts; must be 0. */
  readonly overlapMs: number;
}

/** Cuts the power of the host that executes a guest, `runs` times; each host is booted again afterwards. Yields after each run. */
export async function* measureFailover(profile: "fast" | "lan", runs: number): AsyncGenerator<FailoverTimes> {
  const guests = ["web1", "web2", "db1"];
  await using fleet = await Fleet.start({ profile, guests: guests.map((name) => ({ name })) });
  await fleet.settled(guests, { withinMs: 60_000 });
  const takeovers: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    const victim = await fleet.ownerOf("web1");
    const cutMs = await victim.powerCut();
    const isElsewhere = (record: RunRecord) => executingOn(record, "web1").some((host) => host !== victim.name);
    const record = await fleet.until("web1 executes elsewhere", isElsewhere, { withinMs: 60_000 });
    const first = record.spans.filter(({ guest, host, open }) => guest === "web1" && host !== victim.name && open);
    takeovers.push(Math.min(...first.map(({ fromMs }) => fromMs)) - cutMs);
    await victim.boot();
    await fleet.settled(guests, { withinMs: 60_000 });
    const { spans } = await fleet.recorder.look();
    yield { takeovers, overlapMs: overlapsOf(spans).reduce((sum, { ms }) => sum + ms, 0) };
  }
}

/** A guest in gossip mode runs on both sides of a partition. Yields the milliseconds from each heal to one copy, after each run. */
export async function* measureDuplicate(profile: "fast" | "lan", runs: number): AsyncGenerator<readonly number[]> {
  const meta = ["mode=gossip", "on_isolated=run"];
  await using fleet = await Fleet.start({ profile, guests: [{ name: "web1", meta }] });
  await fleet.settled(["web1"], { withinMs: 60_000 });
  const times: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    const owner = (await fleet.ownerOf("web1")).name;
    const others = fleet.hosts.map(({ name }) => name).filter((name) => name !== owner);
    await fleet.partition([owner], others);
    const isTwice = (record: RunRecord) => executingOn(record, "web1").length === 2;
    await fleet.until("each side executes web1", isTwice, { withinMs: 60_000 });
    const healMs = await fleet.heal();
    const isOnce = (record: RunRecord) => executingOn(record, "web1").length === 1;
    const record = await fleet.until("one copy of web1 executes", isOnce, { withinMs: 60_000 });
    const ended = record.spans.filter(({ guest, open }) => guest === "web1" && !open).map(({ toMs }) => toMs);
    times.push(Math.max(...ended) - healMs);
    yield times;
    await fleet.settled(["web1"], { withinMs: 60_000 });
  }
}
