import { describe, expect, test } from "vitest";
import type { GuestLine } from "../fleet-policy.ts";
import { DaemonFleet } from "./daemon-fleet.ts";

const guest = (name: string, extra: Partial<GuestLine> = {}): GuestLine => ({
  name,
  type: "kvm",
  state: "create",
  resources: { env_cpus: "1", env_memory: "65536" },
  ...extra,
});

describe("three agents with embedded hypervisors", () => {
  test("each guest runs on exactly one host, and on another one when that host loses power", async () => {
    const names = ["web1", "web2", "web3"];
    await using fleet = await DaemonFleet.start({ guests: names.map((name) => guest(name)) });
    const before = await fleet.settled(names);
    const victim = before.get("web1") ?? "";
    await fleet.cutPower(victim);
    const after = await fleet.settled(names);
    expect([...after.values()]).not.toContain(victim);
  });
});
