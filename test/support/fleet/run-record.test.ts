import { describe, expect, it } from "vitest";
import {
  eventLateness,
  executingOn,
  handOversOf,
  overlapMs,
  overlapsOf,
  pausesOf,
  presentOn,
  type RunRecord,
  type Span,
  timeToExactlyOne,
} from "./run-record.ts";

function span(host: string, fromMs: number, toMs: number, open = false, guest = "g1"): Span {
  return { host, guest, fromMs, toMs, ticks: 1, open };
}

function record(spans: readonly Span[], more: Partial<RunRecord> = {}): RunRecord {
  return { nowMs: 1_000, spans, processes: [], events: [], lagMaxMs: 0, ...more };
}

describe("what a record of executing guests says", () => {
  it("counts the time in which two hosts executed one guest, and nothing else, as overlap", () => {
    const spans = [span("h1", 0, 100), span("h2", 90, 200), span("h2", 0, 200, false, "g2"), span("h1", 201, 300)];
    expect(overlapsOf(spans)).toEqual([{ guest: "g1", hosts: ["h1", "h2"], fromMs: 90, ms: 10 }]);
    expect(overlapMs(spans)).toBe(10);
    expect(overlapMs(spans, 95)).toBe(5);
    expect(overlapMs(spans, 101)).toBe(0);
    expect(overlapMs([span("h3", 0, 500), span("h1", 0, 100), span("h2", 50, 60)])).toBe(120);
  });

  it("names a moment that two hosts share, however short", () => {
    expect(overlapsOf([span("h1", 0, 100), span("h2", 100, 200)])).toHaveLength(1);
  });

  it("measures the way from one host to another, and a pause on the same host", () => {
    const spans = [span("h1", 0, 100), span("h1", 400, 500), span("h2", 900, 1_000, true)];
    expect(handOversOf(spans)).toEqual([{ guest: "g1", from: "h1", to: "h2", lastMs: 500, firstMs: 900 }]);
    expect(pausesOf(spans)).toEqual([{ guest: "g1", host: "h1", ms: 300 }]);
    expect(pausesOf(spans, 450)).toEqual([]);
  });

  it.each<[string, readonly Span[], number | undefined]>([
    ["0 where it never ceased", [span("h1", 0, 990, true)], 0],
    ["until it went on", [span("h1", 0, 200), span("h1", 500, 990, true)], 400],
    ["until it began elsewhere", [span("h1", 0, 120), span("h2", 700, 990, true)], 600],
    ["until the other copy stopped", [span("h1", 0, 990, true), span("h2", 50, 300)], 200],
    ["none while two execute", [span("h1", 0, 990, true), span("h2", 50, 990, true)], undefined],
    ["none while nobody executes", [span("h1", 0, 500)], undefined],
  ])("says how long it took until exactly one executed for good: %s", (_case, spans, expected) => {
    expect(timeToExactlyOne(record(spans), "g1", 100)).toBe(expected);
  });

  it("tells executing from being there", () => {
    const processes = [
      { host: "h1", guest: "g1", openMs: 0 },
      { host: "h2", guest: "g1", openMs: 10 },
      { host: "h3", guest: "g1", openMs: 10, closeMs: 20 },
    ];
    const seen = record([span("h1", 0, 100), span("h2", 0, 990, true)], { processes });
    expect(executingOn(seen, "g1")).toEqual(["h2"]);
    expect(presentOn(seen, "g1")).toEqual(["h1", "h2"]);
  });

  it("compares libvirt's events with the guests' own signs", () => {
    const events = [
      { host: "h1", guest: "g1", event: "suspended", detail: "paused", atMs: 107 },
      { host: "h1", guest: "g1", event: "resumed", detail: "unpaused", atMs: 399 },
    ];
    const spans = [span("h1", 0, 100), span("h1", 400, 990, true)];
    expect(eventLateness(record(spans, { events }))).toEqual({ suspended: [7], resumed: [-1] });
  });
});
