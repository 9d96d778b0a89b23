import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AgentSnapshot } from "../../src/daemon/running-agent.ts";
import { createAgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { oneHost, shownAgent } from "./shown-agent.ts";

const guestWord = (origin: string, epoch: number, state: "running" | "off" = "running") => ({
  ageMs: 100,
  what: {
    ...{ origin, life: 1, seq: 1, key: "guest/web1" },
    body: {
      ...{ kind: "guest" as const, guest: "web1", uuid: "5e1d", promised: true, mode: "quorum" as const },
      ...{ owner: origin, inc: 1, epoch, runId: "r", startedAtMs: 0, state, classMatch: true },
    },
  },
});

const peer = (hostId: string): AgentSnapshot["peers"][number] => ({
  member: { hostId, peerId: hostId, addresses: [], role: "voter" },
  ...{ state: "up", stateAgeMs: 1, heardAgeMs: 1, roundTripMs: 2, features: [], queuedBytes: 0, heardBy: [] },
});

/** The lines of one metric. */
function series(text: string, name: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(`berth_${name}{`) || line.startsWith(`berth_${name} `));
}

describe("metrics", () => {
  it("are those of the snapshot at the scrape, labelled as the libvirt exporters label theirs", async () => {
    let snapshot = oneHost();
    const metrics = createAgentMetrics(shownAgent(() => snapshot));
    const first = await metrics.text();
    expect(series(first, "claim_held")).toEqual(['berth_claim_held{domain="web1",uuid="5e1d"} 1']);
    expect(series(first, "lease_remaining_seconds")).toEqual(["berth_lease_remaining_seconds 3.4"]);
    expect(series(first, "libvirt_up")).toEqual(["berth_libvirt_up 1"]);
    expect(series(first, "policy_generation")).toEqual(["berth_policy_generation 3"]);
    expect(series(first, "peer_bad_proof_total")).toEqual(["berth_peer_bad_proof_total 2"]);
    snapshot = oneHost({ hypervisorProblem: "gone", claims: { ...snapshot.claims, guests: [], leaseRemainingMs: 0 } });
    const second = await metrics.text();
    expect(series(second, "claim_held")).toEqual([]);
    expect(series(second, "libvirt_up")).toEqual(["berth_libvirt_up 0"]);
    expect(series(second, "peer_bad_proof_total")).toEqual(["berth_peer_bad_proof_total 2"]);
  });

  it("count a claim as a takeover only where another host's earlier one stood", async () => {
    let snapshot = oneHost();
    const agent = shownAgent(() => snapshot);
    const metrics = createAgentMetrics(agent);
    const claimed = {
      id: 1,
      life: 1,
      at: "2026-05-17T12:00:00.000Z",
      level: "info",
      code: "CLAIMED",
      text: "",
      guest: "web1",
    } as const;
    agent.say(claimed);
    expect(series(await metrics.text(), "takeovers_total")).toEqual(["berth_takeovers_total 0"]);
    const claim = { owner: "h1", inc: 1, epoch: 2, runId: "r" };
    const guests = [{ guest: "web1", phase: "running" as const, owned: true, claim, reason: "" }];
    snapshot = oneHost({ gossip: [guestWord("h2", 1, "off")], claims: { ...snapshot.claims, guests } });
    agent.say({ ...claimed, id: 2 });
    expect(series(await metrics.text(), "takeovers_total")).toEqual(["berth_takeovers_total 1"]);
    expect(series(await metrics.text(), "takeovers_total")).toEqual(["berth_takeovers_total 1"]);
    expect(series(await metrics.text(), "events_total")).toEqual(['berth_events_total{level="info",code="CLAIMED"} 2']);
  });

  it("show a guest that is heard to run on two hosts", async () => {
    const snapshot = oneHost({ gossip: [guestWord("h1", 1), guestWord("h2", 1)], peers: [peer("h2")] });
    const text = await createAgentMetrics(shownAgent(() => snapshot)).text();
    expect(series(text, "duplicate_guest_detected")).toEqual([
      'berth_duplicate_guest_detected{domain="web1",uuid="5e1d"} 1',
    ]);
    expect(series(text, "peer_up")).toEqual(['berth_peer_up{peer="h2"} 1']);
  });
});

describe("docs/local-api.md", () => {
  it("names every metric, and none that does not exist", async () => {
    const page = readFileSync(new URL("../../../../docs/local-api.md", import.meta.url), "utf8");
    const named = new Set(page.match(/berth_[a-z_]+[a-z]/g));
    const text = await createAgentMetrics(shownAgent()).text();
    const there = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name);
    const fixed = there.filter((name) => !/^berth_peer_.*_total$/.test(name));
    expect([...named].filter((name) => name !== "berth_peer").sort()).toEqual(fixed.sort());
  });
});
