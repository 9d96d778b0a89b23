import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Diagnostic } from "@berth/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluatePolicy } from "../src/index.ts";
import { CfAgent } from "./differential/cf-agent.ts";
import { askCfPromises, type Verdict } from "./differential/cf-promises.ts";
import { type Difference, differences } from "./differential/differences.ts";
import { edgeCases } from "./differential/edge-cases.ts";
import { randomReportingPolicy } from "./differential/evaluation-generator.ts";
import { mutate, randomPolicy } from "./differential/generator.ts";
import { plainFacts, realWorld } from "./differential/plain-host.ts";
import { Random } from "./differential/random.ts";

/** Another seed tries other policies: `BERTH_SEED=7 npx vitest run packages/policy/test/differential.system.test.ts`. */
const seed = Number(process.env.BERTH_SEED ?? 1);

const seedPolicies = new URL("../../../test/fixtures/seed/", import.meta.url);
const explained = new Map<Difference, number>();
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-differential-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The errors that Berth has about a policy on its own. */
function errorsOf(policy: string): readonly Diagnostic[] {
  const { diagnostics } = evaluatePolicy({ entryFile: "p.cf", text: policy, facts: plainFacts, world: realWorld });
  return diagnostics.filter(({ severity }) => severity === "error");
}

/** What nobody can explain about one policy: undefined where both agree, or disagree for a documented reason. */
function disagreement(policy: string, verdict: Verdict): string | undefined {
  const errors = errorsOf(policy);
  if (verdict.accepted === (errors.length === 0)) return undefined;
  const side = verdict.accepted ? "cf-promises" : "berth";
  const reason = differences.find(
    (difference) => difference.acceptedBy === side && difference.explains(errors, verdict.output, policy),
  );
  if (reason !== undefined) {
    explained.set(reason, (explained.get(reason) ?? 0) + 1);
    return undefined;
  }
  const ours = errors.map(({ code, position, message }) => `${code} ${position.line}:${position.column} ${message}`);
  return `only ${side} accepts (BERTH_SEED=${seed}):\n${policy}\n-- berth: ${ours.join("; ")}\n-- cf-promises: ${verdict.output}`;
}

async function compare(name: string, policies: readonly string[]): Promise<readonly Verdict[]> {
  const own = await mkdtemp(join(folder, `${name}-`));
  const verdicts = await askCfPromises(own, policies);
  const found = policies.map((policy, index) =>
    disagreement(policy, verdicts[index] ?? { accepted: false, output: "" }),
  );
  expect(found.filter((text) => text !== undefined)).toEqual([]);
  return verdicts;
}

describe("cf-agent and berth", () => {
  it("come to the same reports, in the same order, on 40 generated policies", async () => {
    const agent = await CfAgent.prepare(await mkdtemp(join(folder, "agent-")));
    const random = new Random(seed + 2_000_000);
    let shown = 0;
    for (let index = 0; index < 40; index++) {
      const policy = randomReportingPolicy(random);
      const theirs = await agent.reportsOf(policy);
      const { reports } = evaluatePolicy({ entryFile: "p.cf", text: policy, facts: plainFacts, world: realWorld });
      expect(reports, `BERTH_SEED=${seed}, policy ${index}:\n${policy}`).toEqual(theirs);
      shown += theirs.length;
    }
    expect(shown).toBeGreaterThan(200);
  });
});

describe("cf-promises and berth", () => {
  it("agree on 200 generated policies, most of which are valid", async () => {
    const random = new Random(seed);
    const policies = Array.from({ length: 200 }, () => randomPolicy(random));
    const verdicts = await compare("valid", policies);
    expect(verdicts.filter((verdict) => verdict.accepted).length).toBeGreaterThan(150);
  });

  it("agree on 300 damaged policies, most of which are invalid", async () => {
    const random = new Random(seed + 1_000_000);
    const policies = Array.from({ length: 300 }, () => mutate(random, randomPolicy(random)));
    const verdicts = await compare("damaged", policies);
    expect(verdicts.filter((verdict) => !verdict.accepted).length).toBeGreaterThan(200);
  });

  it("agree on the edge cases, but for the documented differences", async () => {
    const verdicts = await compare("edge", edgeCases);
    expect(verdicts.filter((verdict) => verdict.accepted).length).toBeGreaterThan(100);
  });

  it("agree on the seed policies, but for the documented differences", async () => {
    const names = (await readdir(seedPolicies)).sort();
    await compare("seed", await Promise.all(names.map((name) => readFile(new URL(name, seedPolicies), "utf8"))));
  });

  it("disagree for every documented reason at least once, and the README lists each", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    for (const difference of differences) {
      expect.soft(explained.get(difference) ?? 0, difference.title).toBeGreaterThan(0);
      expect.soft(readme).toContain(difference.title);
    }
  });
});
