import { basename } from "node:path";
import type { Diagnostic, EnvironmentPromise } from "@berth/model";
import {
  contradictionOf,
  environmentKey,
  evaluatePolicy,
  type HostFacts,
  hardClasses,
  type PolicyWorld,
} from "@berth/policy";
import type { BerthConfig } from "./config/berth-config.ts";
import { type HypervisorFacts, readHostFacts } from "./host-facts/host-facts.ts";
import type { PolicyLoad, PolicyLoadInit } from "./policy-load-types.ts";
import type { PolicyMemo } from "./policy-memo.ts";
import { createPolicyWorld } from "./policy-world.ts";

/**
 * Reads, evaluates and checks policy, the XML in it included. Never throws for what the policy says.
 *
 * @param memo - of a process with many passes: gives back the last result while nothing it came from has changed
 */
export async function loadPolicy(init: PolicyLoadInit, memo?: PolicyMemo): Promise<PolicyLoad> {
  const { config, files, classes, negatedClasses, bundleSequence } = init;
  const asks = memo?.heedsHypervisors === true;
  const facts = readHostFacts(config.stateDir, asks ? await askHypervisors(config, memo) : { hypervisors: [] });
  const evaluate = async (world: PolicyWorld): Promise<PolicyLoad> => {
    let load = evaluateFiles(init, facts, world);
    if (mentionsHypervisors(load.sources) && !asks) {
      if (memo !== undefined) memo.heedsHypervisors = true;
      load = evaluateFiles(init, { ...facts, ...(await askHypervisors(config, memo)) }, world);
    }
    return { ...load, diagnostics: [...load.diagnostics, ...(await checkSpecs(load))] };
  };
  const world = createPolicyWorld();
  const request = [files, config, classes, negatedClasses, bundleSequence];
  return memo === undefined ? evaluate(world) : memo.remember(request, facts, world, evaluate);
}

/** The classes that hold on this host before any policy is read. */
export async function hostClasses(config: BerthConfig, classes: readonly string[] = []): Promise<ReadonlySet<string>> {
  const facts = readHostFacts(config.stateDir, await askHypervisors(config));
  return new Set([...hardClasses(facts), ...config.classes, ...classes]);
}

/**
 * Whether classes that only a hypervisor connection can decide (`kvm_host`, `libvirt_9_0_0`) may occur. Connecting
 * costs more than reading a small policy, so it is done only for policies that could tell the difference.
 */
function mentionsHypervisors(sources: ReadonlyMap<string, string>): boolean {
  return [...sources.values()].some((text) => /(?<!environment)_host\b|libvirt_/.test(text));
}

async function askHypervisors(config: BerthConfig, memo?: PolicyMemo): Promise<HypervisorFacts> {
  const { probeHypervisors } = await import("./host-facts/hypervisor-probe.ts");
  const found = await probeHypervisors(config);
  return memo?.withEarlier(found) ?? found;
}

function evaluateFiles(init: PolicyLoadInit, facts: HostFacts, world: PolicyWorld): PolicyLoad {
  const files = init.files.length === 0 ? [init.config.policyPath] : init.files;
  return mergeLoads(files.map((file) => evaluateFile(file, init, facts, world)));
}

function evaluateFile(file: string, init: PolicyLoadInit, facts: HostFacts, world: PolicyWorld): PolicyLoad {
  const read = world.readFile(file);
  if (!read.ok) return unreadable(file, read.error);
  return evaluatePolicy({
    entryFile: file,
    text: read.text,
    facts,
    world,
    extraClasses: [...init.config.classes, ...(init.classes ?? [])],
    ...(init.negatedClasses !== undefined && { negatedClasses: init.negatedClasses }),
    options: {
      allowCommands: init.config.allowExecresult,
      ...(init.bundleSequence !== undefined && { bundleSequence: [...init.bundleSequence] }),
    },
  });
}

function unreadable(file: string, reason: string): PolicyLoad {
  const diagnostic: Diagnostic = {
    severity: "error",
    code: "POLICY_FILE_UNREADABLE",
    message: `${basename(file)} cannot be read: ${reason}`,
    position: { file, line: 1, column: 1 },
  };
  return {
    promises: [],
    reports: [],
    notHandled: [],
    classes: new Set(),
    variables: new Map(),
    diagnostics: [diagnostic],
    sources: new Map(),
  };
}

/**
 * Several policies side by side: each was evaluated on its own, and nothing of one is visible to another. What two of
 * them promise alike is promised once; where they contradict each other neither is right.
 */
function mergeLoads(loads: readonly PolicyLoad[]): PolicyLoad {
  const [only] = loads;
  if (only !== undefined && loads.length === 1) return only;
  const promises = new Map<string, EnvironmentPromise>();
  const contradictions: Diagnostic[] = [];
  for (const promise of loads.flatMap((load) => load.promises)) {
    const earlier = promises.get(environmentKey(promise));
    if (earlier === undefined) promises.set(environmentKey(promise), promise);
    const finding = earlier === undefined ? undefined : contradictionOf(earlier, promise);
    if (finding !== undefined) contradictions.push(finding);
  }
  return {
    promises: [...promises.values()],
    reports: loads.flatMap(({ reports }) => reports),
    notHandled: loads.flatMap(({ notHandled }) => notHandled),
    classes: new Set(loads.flatMap(({ classes }) => [...classes])),
    variables: new Map(loads.flatMap(({ variables }) => [...variables])),
    diagnostics: [...loads.flatMap(({ diagnostics }) => diagnostics), ...contradictions],
    sources: new Map(loads.flatMap(({ sources }) => [...sources])),
  };
}

/** Checks the XML of promises that have some; the XML reader is not even loaded for a policy without. */
async function checkSpecs({ promises, sources }: PolicyLoad): Promise<Diagnostic[]> {
  // An empty text is a file that could not be read: evaluation said so already, and the guest may not need it here.
  const withSpec = promises.filter(({ resources }) => resources.spec !== undefined && resources.spec.xml !== "");
  if (withSpec.length === 0) return [];
  const { checkSpec } = await import("@berth/domain-xml");
  return withSpec.flatMap((promise) => checkSpec(promise, (file) => sources.get(file)));
}

/** Whether a policy may be acted on. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}
