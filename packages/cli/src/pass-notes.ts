/** What a pass says on stderr: progress with -I and -v, and what went wrong always. */
import type { PassEvent } from "@berth/agent/pass-event";
import type { HypervisorReport, PassReport, PromiseReport } from "@berth/agent/pass-report";
import { describeStep } from "@berth/agent/step-text";
import { formatPosition } from "@berth/model";
import { formatCount } from "./output/units.ts";
import type { Session } from "./session.ts";

/** How much is told while the pass runs: `inform` is cf-agent's -I, `verbose` its -v. */
export type Loudness = "quiet" | "inform" | "verbose";

/** @returns a listener that tells events as they come */
export function passListener(loudness: Loudness, session: Session): (event: PassEvent) => void {
  return (event) => {
    switch (event.kind) {
      case "hypervisor":
        if (loudness === "verbose") session.note(`verbose: ${hypervisorText(event.report)}`);
        return;
      case "step":
        if (event.report?.result === "done" && loudness !== "quiet") {
          session.note(`info: ${describeStep(event.step)}: ${event.step.reason}`);
        }
        return;
      case "promise-ended":
        if (loudness === "verbose") for (const line of promiseLines(event.report)) session.note(`verbose: ${line}`);
        return;
    }
  };
}

function hypervisorText({ type, uri, reachable, error }: HypervisorReport): string {
  const connection = uri === undefined ? type : `${type} is served by ${uri}`;
  return reachable ? connection : `${connection}, which cannot be reached: ${error?.message ?? "no reason given"}`;
}

function promiseLines(report: PromiseReport): string[] {
  const title = `${report.kind} ${report.name} promises ${report.promised} (${formatPosition(report.position)}): ${report.outcome}`;
  return [title, ...(report.explanation ?? []).map((line) => `  ${line}`)];
}

/** Tells what a person must know of a finished pass: warnings, and each failure with where, why and what to do. */
export function tellTrouble(report: PassReport, session: Session): void {
  for (const promise of report.promises) {
    for (const warning of promise.warnings) session.note(`${placeOf(promise)}: warning: ${warning}`);
  }
  const early = report.promises.filter((promise) => promise.outcome === "skipped" && promise.steps.length === 0);
  if (early.length > 0 && !report.dryRun) tellEarly(early, session);
  const lost = report.hypervisors.filter(({ reachable }) => !reachable);
  for (const hypervisor of lost) tellLost(hypervisor, report, session);
  for (const promise of report.promises) {
    if (promise.outcome !== "failed" && promise.outcome !== "denied") continue;
    if (lost.some(({ error }) => isSameFailure(error, promise.failure))) continue;
    session.note(`${placeOf(promise)}: ${promise.outcome}: ${promise.reason}${codeOf(promise.failure)}`);
    tellRemedy(promise.failure?.remedy, session);
  }
  if (report.interrupted) session.note("interrupted: what was not begun is left as it was; run the command again");
}

/** Promises that were not looked at because of `ifelapsed`, or because of one that they depend on. */
function tellEarly(promises: readonly PromiseReport[], session: Session): void {
  const reasons = [...new Set(promises.map(({ reason }) => reason))];
  session.note(`${formatCount(promises.length, "promise")} skipped: ${reasons.slice(0, 3).join("; ")}`);
}

/** One line for all the promises that a lost connection took with it. */
function tellLost({ type, uri, error }: HypervisorReport, report: PassReport, session: Session): void {
  const hit = report.promises.filter((promise) => isSameFailure(error, promise.failure));
  const names = hit.slice(0, 3).map(({ name }) => name);
  const rest = hit.length > names.length ? ` and ${hit.length - names.length} more` : "";
  session.note(`${unreachableText(type, uri, error?.message ?? "cannot be reached")}${codeOf(error)}`);
  if (hit.length > 0) session.note(`  ${formatCount(hit.length, "promise")} not tried: ${names.join(", ")}${rest}`);
  tellRemedy(error?.remedy, session);
}

/** `kvm: qemu:///system: reason`; most reasons begin with the URI already. */
export function unreachableText(type: string, uri: string | undefined, reason: string): string {
  return uri === undefined || reason.includes(uri) ? `${type}: ${reason}` : `${type}: ${uri}: ${reason}`;
}

type Failure = PromiseReport["failure"];

function isSameFailure(error: Failure, failure: Failure): boolean {
  return (
    error !== undefined && failure !== undefined && error.code === failure.code && error.message === failure.message
  );
}

function placeOf(promise: PromiseReport): string {
  return `${formatPosition(promise.position)}: ${promise.kind} ${promise.name}`;
}

function codeOf(failure: Failure): string {
  return failure === undefined ? "" : ` (${failure.code})`;
}

function tellRemedy(remedy: string | undefined, session: Session): void {
  if (remedy !== undefined) session.note(`  What to do: ${remedy}`);
}
