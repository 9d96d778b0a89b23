/**
 * The one screen. Its first line says whether a person must do anything; what must be looked at comes right below, and the rest is
 * there to be trusted or doubted.
 */
import type { StatusItem } from "@berth/agent/api/answers";
import type { Painter } from "../output/colour.ts";
import { printable } from "../output/printable.ts";
import { renderTable } from "../output/table.ts";
import { formatCount, formatDuration } from "../output/units.ts";
import { fleetHostView } from "./fleet-views.ts";
import { deadManText, leaseText, type Worry, worriesOf } from "./status-worries.ts";

/** @returns the screen; what comes from outside is made printable */
export function statusScreen(status: StatusItem, paint: Painter): string {
  const worries = worriesOf(status);
  const wide = { wide: false, headers: true, paint };
  return [
    `${headline(status, worries, paint)}\n`,
    ...worries.map(
      ({ title, lines }) => `\n${paint("bold", title)}\n${lines.map((line) => `  ${printable(line)}\n`).join("")}`,
    ),
    `\n${facts(status)
      .map(([name, text]) => `${name.padEnd(11)}${printable(text)}\n`)
      .join("")}`,
    `\n${renderTable(fleetHostView.columns, status.hosts, wide)}`,
  ].join("");
}

function headline({ fleet, host }: StatusItem, worries: readonly Worry[], paint: Painter): string {
  const count = worries.length;
  const where = printable(`fleet ${fleet}, as seen by ${host}`);
  if (count === 0) return `${where}: ${paint("green", "all is well")}`;
  return `${where}: ${paint("yellow", `look at ${formatCount(count, "thing")}`)}`;
}

function facts(status: StatusItem): readonly (readonly [string, string])[] {
  const { lease, peers, policy, hypervisor } = status;
  const witness = !status.hypervisor_host;
  const rows: (readonly [string, string])[] = [
    [
      "This host",
      `${status.host}, ${status.role}${witness ? " without a hypervisor (witness)" : ""}, release ${status.release}, agent up ${formatDuration(status.up_seconds)}`,
    ],
    ["Fleet", `${othersText(peers)}; configuration ${lease.config_number}, profile ${lease.profile}`],
    ["Lease", witness ? "not needed" : leaseText(status)],
    ["Voter", voterText(status)],
    ["Dead-man", witness ? "not needed" : deadManText(status)],
    [
      "Hypervisor",
      witness
        ? "none"
        : hypervisor.up
          ? `answers, looked at${ageText(hypervisor.age_seconds).slice(1)}`
          : "does not answer",
    ],
    ["Policy", policyText(policy)],
    ["Promises", promisesText(status)],
    ["Guests", guestsText(status)],
  ];
  if (status.acts.length > 0) rows.push(["Under way", actsText(status)]);
  return rows;
}

function othersText({ up, total }: StatusItem["peers"]): string {
  return total === 0 ? "this host alone" : `${up} of ${formatCount(total, "other host")} heard`;
}

function voterText({ lease: { voter } }: StatusItem): string {
  if (voter === null) return "this host has no vote";
  if (!voter.active) return "this host's vote is not active yet";
  if (voter.sealed) return "active, sealed: the set of voters is being changed";
  if (voter.quarantine_seconds > 0) return `active, in quarantine for ${voter.quarantine_seconds} s after its start`;
  return `active, ${formatCount(voter.live_hosts, "host")} with a lease here`;
}

function policyText({ generation, digest, since, promises }: StatusItem["policy"]): string {
  if (generation === 0) return "none in force";
  return `${formatCount(promises, "promise")}, digest ${digest.slice(0, 8)}, generation ${generation}${since === null ? "" : ` since ${since}`}`;
}

function promisesText({ promises, pass_age_seconds: age }: StatusItem): string {
  if (promises === null) return "no pass yet";
  const counts = Object.entries(promises).filter(
    ([outcome, count]) => count > 0 || ["kept", "repaired", "failed"].includes(outcome),
  );
  return `${counts.map(([outcome, count]) => `${count} ${outcome}`).join(", ")} in the last pass${ageText(age)}`;
}

function guestsText({ guests }: StatusItem): string {
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([word, count]) => `${count} ${word}`)
      .join(", ");
  return `here ${list(guests.by_phase) || "none"}; in the fleet ${list(guests.by_state) || "none"}`;
}

function actsText({ acts }: StatusItem): string {
  const shown = acts
    .slice(0, 3)
    .map(({ kind, guest, age_seconds }) => `${kind} ${guest} for ${formatDuration(age_seconds)}`);
  return `${shown.join(", ")}${acts.length > 3 ? ` and ${acts.length - 3} more` : ""}`;
}

function ageText(seconds: number | null): string {
  return seconds === null ? "" : `, ${formatDuration(seconds)} ago`;
}
