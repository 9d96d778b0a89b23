/**
 * A campaign of faults on real hosts: private libvirtds with real guests, agents and dead-men as processes, and a recorder
 * that sees every guest execute. Ends with status 1 when two copies executed at once, when a guest was not on exactly one
 * host in time, or when something was destroyed without need.
 *
 *     npm run chaos -- --minutes 30 --seed 7
 *     npm run chaos -- --seed 7 --from 12 --episodes 1     one episode again
 */
import { parseArgs } from "node:util";
import { grantMs } from "@berth/claims";
import { Fleet } from "../support/fleet/fleet.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import { type EpisodeReport, runEpisode } from "./episode.ts";
import { tally } from "./tally.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
    hosts: { type: "string", default: "3" },
    guests: { type: "string", default: "4" },
    profile: { type: "string", default: "fast" },
    from: { type: "string", default: "0" },
    episodes: { type: "string" },
    // The wall clock belongs to the whole machine, so it is set only where somebody says so.
    clock: { type: "boolean", default: false },
    "bound-seconds": { type: "string", default: "60" },
  },
});
const [minutes, seed, hosts, from] = [values.minutes, values.seed, values.hosts, values.from].map(Number);
const profile = values.profile === "lan" ? "lan" : "fast";
const last = values.episodes === undefined ? Number.POSITIVE_INFINITY : Number(from) + Number(values.episodes);
const boundMs = Number(values["bound-seconds"]) * 1000;
// The last one may run only where a class holds, which every host has until a fault takes it away.
const guests = Array.from({ length: Number(values.guests) }, (_, index) => ({
  name: `g${index + 1}`,
  host: index + 1 === Number(values.guests) ? "web" : "any",
}));

const reports: EpisodeReport[] = [];
const fleet = await Fleet.start({ hosts: Number(hosts), profile, guests, prepare: setClasses });
process.once("SIGINT", () => void finish());
console.log(
  `chaos: seed ${seed}, ${hosts} hosts, ${guests.length} guests, profile ${profile} (D_A ${grantMs(fleet.profile)} ms)`,
);
await fleet.calm(fleet.guests, 120_000);
const endMs = nowMs() + Number(minutes) * 60_000;
for (let number = Number(from); number < last && nowMs() < endMs; number += 1) {
  const report = await runEpisode(fleet, { seed: Number(seed), number, boundMs, clock: values.clock });
  reports.push(report);
  const settled = report.settledMs === undefined ? "NOT SETTLED" : `calm after ${report.settledMs.toFixed(0)} ms`;
  console.log(
    `${number}: ${report.plan}: ${settled}; ended ${report.ended.map(({ what, why }) => `${what} (${why})`).join(", ") || "nothing"}`,
  );
  if (report.problems.length === 0) continue;
  console.log(`  ${report.notes.join("\n  ")}`);
  for (const problem of report.problems) console.log(`  PROBLEM ${problem}`);
  console.log(
    `  again: npm run chaos -- --seed ${seed} --from ${number} --episodes 1 --profile ${profile} --hosts ${hosts} --guests ${guests.length}`,
  );
  // Without calm the next episode would not begin where its plan says.
  if (report.settledMs === undefined) break;
}
await finish();

function setClasses(all: Fleet["hosts"]): void {
  for (const host of all) host.setClass("web", true);
}

async function finish(): Promise<never> {
  for (const line of tally(reports)) console.log(line);
  const { lagMaxMs } = await fleet.recorder.look(nowMs());
  console.log(`recorder: at most ${lagMaxMs.toFixed(0)} ms late; a sign of life every 20 ms`);
  await fleet.stop();
  process.exit(reports.some(({ problems }) => problems.length > 0) ? 1 : 0);
}
