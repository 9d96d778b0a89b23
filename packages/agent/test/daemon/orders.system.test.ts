/** What an operator on one host asks of another, over real links between real agents. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DaemonFleet } from "./daemon-fleet.ts";
import { builtGuest } from "./daemon-guests.ts";

function audit(fleet: DaemonFleet, host: string): object[] {
  const text = readFileSync(join(fleet.host(host).config.stateDir, "fleet-audit.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}

describe("an operator on another host", () => {
  test("moves a guest, drains its owner and lets it take guests again; both hosts have written down who asked", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1", { host: "h1|h2" })] });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    const other = owner === "h1" ? "h2" : "h1";
    await fleet.until(() => fleet.snapshot("h3").peers.every(({ state }) => state === "up"), true);
    const h3 = fleet.agent("h3");
    expect(await h3.order(other, { kind: "release", guest: "web1" }, "ann")).toEqual({
      kind: "refused",
      reason: "it does not own web1",
    });
    expect(await h3.order(owner, { kind: "drain" }, "ann")).toEqual({ kind: "taken" });
    await fleet.until(() => fleet.runningOn("web1"), [other]);
    expect(fleet.snapshot(owner).draining).toBe(true);
    expect(await h3.order(owner, { kind: "undrain" }, "ann")).toEqual({ kind: "taken" });
    expect(fleet.snapshot(owner).draining).toBe(false);
    expect(await h3.order(other, { kind: "release", guest: "web1", to: owner }, "ann")).toEqual({ kind: "taken" });
    await fleet.until(() => fleet.runningOn("web1"), [owner]);
    expect(audit(fleet, "h3")).toContainEqual(
      expect.objectContaining({ operator: "ann", act: `ask ${owner} to give its guests up (drain)` }),
    );
    expect(audit(fleet, owner)).toContainEqual(
      expect.objectContaining({ operator: "ann", act: "give its guests up (drain)", reason: "asked for on h3" }),
    );
    const told = fleet.agent(owner).events();
    expect(told.some(({ text }) => text === "ann on h3 asked this host to give its guests up (drain): it does")).toBe(
      true,
    );
  });

  test("is refused by a host whose configuration takes no orders, and by a witness", async () => {
    const agent = (host: string) => ({ remoteOrders: host !== "h2" });
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")], witnesses: ["h3"], agent });
    await fleet.until(() => fleet.snapshot("h1").peers.every(({ state }) => state === "up"), true);
    const ask = (host: string) => fleet.agent("h1").order(host, { kind: "drain" }, "ann");
    expect(await ask("h2")).toMatchObject({ kind: "refused", reason: expect.stringContaining("remote_orders: false") });
    expect(await ask("h3")).toMatchObject({ kind: "refused", reason: expect.stringContaining("witness") });
    await fleet.stopAgent("h2");
    await fleet.until(async () => (await ask("h2")).kind, "not-reached");
  });
});
