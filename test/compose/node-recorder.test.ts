import { describe, expect, it } from "vitest";
import { overlapMs } from "../support/fleet/run-record.ts";
import { type LifeEvent, spansOf } from "./node-recorder.ts";

const life = (host: string, ...events: readonly [event: string, atMs: number][]): LifeEvent[] =>
  events.map(([event, atMs]) => ({ host, guest: "web1", event, atMs }));

describe("what nodes tell of their guests", () => {
  it("counts a paused start as nothing until it is resumed", () => {
    const spans = spansOf(life("h1", ["Started", 10], ["Suspended", 11], ["Resumed", 50], ["Stopped", 80]), 100);
    expect(spans).toMatchObject([{ host: "h1", guest: "web1", fromMs: 50, toMs: 80, open: false }]);
  });

  it("counts a guest that was started running from its start, and as running on when nothing ends it", () => {
    expect(spansOf(life("h1", ["Started", 10]), 100)).toMatchObject([{ fromMs: 10, toMs: 100, open: true }]);
  });

  it("sees the time that two copies have in common, and none in a hand-over", () => {
    const first = life("h1", ["Started", 0], ["Suspended", 40]);
    // The first one is suspended only once: it was started running.
    const running = life("h1", ["Resumed", 0], ["Suspended", 40]);
    expect(overlapMs(spansOf([...running, ...life("h2", ["Resumed", 30], ["Stopped", 90])], 100))).toBe(10);
    expect(overlapMs(spansOf([...running, ...life("h2", ["Resumed", 41])], 100))).toBe(0);
    expect(spansOf(first, 100)).toEqual([]);
  });
});
