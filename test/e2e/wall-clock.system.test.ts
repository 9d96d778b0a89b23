/** The machine's clock is set while a fleet runs. This suite runs alone, for every process of the machine sees it. */
import { execFileSync } from "node:child_process";
import { grantMs } from "@berth/claims";
import { it, vi } from "vitest";
import { Fleet } from "../support/fleet/fleet.ts";
import { Incident } from "./incident.ts";

// Two processors for all hosts: an incident takes seconds, and minutes where something is wrong or the machine is busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

function stepClock(seconds: number): void {
  execFileSync("date", ["-s", `@${(Date.now() / 1000 + seconds).toFixed(3)}`], { stdio: "ignore" });
}

/** Whether it may be set: tried with what it shows already. Some sandboxes refuse. */
function mayStepClock(): boolean {
  try {
    stepClock(0);
    return true;
  } catch {
    return false;
  }
}

it("every guest runs on without a pause while the clock is set an hour ahead and back", async () => {
  if (!mayStepClock()) {
    console.log("e2e | the clock cannot be set on this machine: this case was not shown");
    return;
  }
  await using fleet = await Fleet.start({ guests: [{ name: "roam" }, { name: "site", host: "h1|h2" }] });
  await fleet.settled(fleet.guests, { withinMs: 120_000 });
  const incident = await Incident.begin(fleet, "clock set an hour ahead and back");
  incident.fault();
  stepClock(3_600);
  try {
    await fleet.pass(grantMs(fleet.profile));
  } finally {
    stepClock(-3_600);
  }
  await fleet.pass(fleet.profile.fenceMs * 2);
  await incident.finish({ undisturbed: fleet.guests });
});
