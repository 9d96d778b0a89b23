import { describe, expect, it } from "vitest";
import { painter } from "../../src/output/colour.ts";
import { incidentRows, renderIncidents } from "../../src/simulation/incident-report.ts";
import type { AgentWord, SimulationStatus, StoryLine } from "../../src/simulation/simulation-status.ts";
import { renderSimulation } from "../../src/simulation/simulation-view.ts";

const paint = painter(false);
const word = (more: Partial<AgentWord> = {}): AgentWord => ({
  ...{ ageMs: 100, leaseRemainingMs: 1_840, voter: true, hears: ["h1", "h2", "h3"], degraded: ["no watchdog device"] },
  ...{ promised: ["web1", "web2"], wanted: [], ...more },
});

const story: readonly StoryLine[] = [
  { atMs: 500, who: "h1", text: "web1 runs here now", weight: "effect" },
  { atMs: 1_000, who: "you", text: "power cut on h2", weight: "cause" },
  { atMs: 1_070, who: "h2", text: "web2 is gone with the power", weight: "effect" },
  { atMs: 4_000, who: "h3", text: "incarnation 1 fenced for h3 [HOST_FENCED]", weight: "detail" },
  { atMs: 4_400, who: "h3", text: "web2 runs here now", weight: "effect" },
];

const status: SimulationStatus = {
  ...{ upMs: 65_000, profile: "fast", folder: "/tmp/x", story },
  hosts: [
    { name: "h1", powered: true, agent: "running", deadMan: "running", said: word({ hears: ["h3"] }) },
    { name: "h2", powered: false, agent: "off", deadMan: "off" },
    {
      name: "h3",
      powered: true,
      agent: "frozen",
      deadMan: "running",
      said: word({ ageMs: 7_000, leaseRemainingMs: 0 }),
    },
    {
      name: "h4",
      powered: true,
      agent: "ended",
      deadMan: "running",
      said: word({ voter: false, hears: [], degraded: [] }),
    },
  ],
  guests: [
    { name: "web1", wanted: true, states: { h1: "running", h2: "off", h3: "paused", h4: "undefined-there" } },
    { name: "web2", wanted: true, states: { h1: "undefined-there", h2: "undefined-there", h3: "off", h4: "running" } },
  ],
  cuts: [
    { from: "h1", to: "h4" },
    { from: "h3", to: "h4" },
    { from: "h4", to: "h3" },
  ],
  overlap: { totalMs: 0, intervals: 3 },
};

describe("the view of a simulation", () => {
  it("shows hosts by guests, leases, who hears whom, cuts, and what was measured", () => {
    expect(renderSimulation(status, { paint, storyLines: 2, columns: 80, degraded: true })).toBe(
      `berth sim   4 hosts   profile fast   up 1m5s   overlap 0 ms (3 runs compared)

HOST  AGENT     DEAD-MAN  LEASE  HEARS      web1      web2
h1*   running   running   1.8s   h3         ● runs
h2    no power  no power  -      -
h3*   frozen    running   none   silent 7s  ‖ paused  · off
h4    ended     running   1.8s   nobody               ● runs

cut: h1 -x> h4, h3 x h4
degraded (h1 h3): no watchdog device

   +4.000s  h3    incarnation 1 fenced for h3 [HOST_FENCED]
   +4.400s  h3    web2 runs here now
`,
    );
  });

  it("lists the guests of each host where a column for each is too wide", () => {
    const shown = renderSimulation(status, { paint, storyLines: 0, columns: 61, degraded: false });
    expect(shown.split("\n").slice(2, 7)).toEqual([
      "HOST  AGENT     DEAD-MAN  LEASE  HEARS      GUESTS",
      "h1*   running   running   1.8s   h3         1 run, 0 paused:…",
      "h2    no power  no power  -      -          0 run, 0 paused:",
      "h3*   frozen    running   none   silent 7s  0 run, 1 paused:…",
      "h4    ended     running   1.8s   nobody     1 run, 0 paused:…",
    ]);
  });

  it("says in capitals what must not be, with the guest and the hosts", () => {
    const worst = { guest: "web1", hosts: ["h1", "h3"], durationMs: 12.3 } as const;
    const shown = renderSimulation(
      { ...status, overlap: { totalMs: 12.3, intervals: 3, worst } },
      { paint, storyLines: 0, columns: 60, degraded: false },
    );
    expect(shown.split("\n")[0]).toContain("OVERLAP 13 ms: web1 on h1 and h3");
    expect(shown).not.toContain("degraded");
  });

  it("cuts a line of the story at the terminal's edge, and lets no control character through", () => {
    const evil = [{ atMs: 1, who: "h1", text: `\u001b[2J${"x".repeat(80)}`, weight: "alarm" }] as const;
    const shown = renderSimulation({ ...status, story: evil }, { paint, storyLines: 1, columns: 40, degraded: false });
    const line = shown.trimEnd().split("\n").at(-1) ?? "";
    expect(line).toHaveLength(40);
    expect(line).toContain("\\x1b[2J");
  });
});

describe("the incident report", () => {
  it("gives each effect its cause and the time between", () => {
    expect(incidentRows(story)).toEqual([
      { cause: "power cut on h2", host: "h2", effect: "web2 is gone with the power", afterMs: 70 },
      { cause: "power cut on h2", host: "h3", effect: "web2 runs here now", afterMs: 3_400 },
    ]);
    expect(renderIncidents(story, status.overlap, paint)).toBe(
      `WHAT WAS DONE    HOST  WHAT FOLLOWED                AFTER
power cut on h2  h2    web2 is gone with the power  0.07 s
                 h3    web2 runs here now           3.40 s
Executing on two hosts at once: 0 ms, over 3 runs of guests.
`,
    );
  });
});
