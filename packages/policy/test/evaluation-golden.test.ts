import { readFileSync } from "node:fs";
import type { EnvironmentPromise } from "@berth/model";
import { formatPosition } from "@berth/model";
import { expect, test } from "vitest";
import { evaluatePolicy, renderDiagnostic } from "../src/index.ts";
import { facts, worldOf } from "./evaluation-support.ts";

/** What a policy comes to, as a person would retell it. After a change look at the text, then run `npx vitest run -u`. */

function read(name: string): string {
  return readFileSync(new URL(`golden/evaluation/${name}`, import.meta.url), "utf8");
}

function retold(promise: EnvironmentPromise): string {
  const { kind, name, type, state, hostClass, hostHolds, resources, action, position } = promise;
  const sizes = [
    resources.cpus === undefined ? "" : `  ${resources.cpus} cpus`,
    resources.memoryKib === undefined ? "" : `  ${resources.memoryKib} KiB`,
    resources.diskMb === undefined ? "" : `  ${resources.diskMb} MB disk`,
    resources.spec === undefined ? "" : `  definition:\n${resources.spec.xml.replace(/^/gm, "    ")}`,
    action.policy === "fix" ? "" : `  action: ${action.policy}`,
    promise.comment === undefined ? "" : `  comment: ${promise.comment}`,
    promise.handle === undefined ? "" : `  handle: ${promise.handle}`,
  ].filter((line) => line !== "");
  const where = hostHolds ? `here (${hostClass})` : `elsewhere (${hostClass})`;
  return [`${kind} ${name}: ${type}, ${state} ${where}, from ${formatPosition(position)}`, ...sizes].join("\n");
}

function story(sizes: string): string {
  const evaluation = evaluatePolicy({
    entryFile: "/policy/fleet.cf",
    text: read("fleet.cf"),
    facts,
    world: worldOf({ "/policy/sizes.cf": sizes }),
  });
  const findings = evaluation.diagnostics.map((each) =>
    renderDiagnostic(each, evaluation.sources.get(each.position.file)),
  );
  const reports = evaluation.reports.map((text) => `R: ${text}`);
  return `${[...findings, ...evaluation.promises.map(retold), ...reports].join("\n")}\n`;
}

test("a fleet with one size that is no number is told where, and the other guests are still shown", async () => {
  await expect(story(read("sizes.cf"))).toMatchFileSnapshot("golden/evaluation/fleet-with-mistake.txt");
});

test("a fleet from a table, with sizes by class and a network, comes to these promises", async () => {
  await expect(story(read("sizes.cf").replace("8G_is_wrong_here", "8388608"))).toMatchFileSnapshot(
    "golden/evaluation/fleet.txt",
  );
});
