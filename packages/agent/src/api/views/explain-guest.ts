/**
 * Why a guest is, or is not, on one host: the questions that decide it, in the order in which they decide. The first "no" is the
 * reason. About another host only what gossip says is known, and what cannot be known from here is said as well.
 */
import type { GuestId, HostId } from "@berth/claims";
import { type EnvironmentPromise, formatPosition } from "@berth/model";
import type { AgentSnapshot } from "../../daemon/running-agent.ts";
import type { ExplainStep, ExplanationItem } from "../answers.ts";
import { explainProtection } from "./explain-protection.ts";
import { itemsOf, knownGuests } from "./fleet-guests.ts";
import { freeMemory } from "./free-memory.ts";
import { type Hearing, hearings, shortDuration } from "./hearing.ts";
import { matchingHosts } from "./host-things.ts";
import type { Question } from "./question.ts";

/** @returns the explanation, or undefined when nobody on this host has ever heard of such a host */
export function explainGuest(snapshot: AgentSnapshot, guest: GuestId, host?: HostId): ExplanationItem | undefined {
  const heard = hearings(snapshot);
  const on = heard.get(host ?? snapshot.self);
  if (on === undefined) return undefined;
  const question: Question = { snapshot, guest, known: knownGuests(snapshot).get(guest), heard, on };
  const steps = [...explainPolicy(question), ...explainProtection(question)];
  const runs = runsThere(question);
  const decisive = runs !== "no" ? undefined : steps.find(({ verdict }) => verdict === "no");
  return {
    guest,
    host: on.host,
    runs,
    conclusion: conclusion(question, runs, decisive ?? steps.find(({ verdict }) => verdict === "unknown")),
    decided_by: decisive?.check ?? null,
    steps,
    blind_spots: on.self ? [] : blindSpots(on, snapshot),
  };
}

function runsThere({ known, snapshot, heard, on }: Question): ExplanationItem["runs"] {
  if (!on.heard) return "unknown";
  const copy = known && itemsOf(known, snapshot, heard).find(({ host }) => host === on.host);
  if (copy?.state === "unknown") return "unknown";
  return copy?.state === "running" ? "yes" : "no";
}

function conclusion(
  { guest, on, known, snapshot, heard }: Question,
  runs: ExplanationItem["runs"],
  because: ExplainStep | undefined,
): string {
  if (runs === "yes") return `${guest} runs on ${on.host}.`;
  const why = because === undefined ? (known?.view?.reason ?? "nothing is in the way; it is on its way") : because.text;
  if (runs === "unknown") return `Whether ${guest} runs on ${on.host} is unknown: ${on.silence || why}.`;
  const elsewhere = (known === undefined ? [] : itemsOf(known, snapshot, heard)).find(
    ({ state }) => state === "running",
  );
  const instead = elsewhere === undefined ? "" : ` It runs on ${elsewhere.host}.`;
  return `${guest} does not run on ${on.host}: ${why}.${instead}`;
}

/** Promise, class, definition, hypervisor, room: may it be here at all? */
function explainPolicy(question: Question): ExplainStep[] {
  const promise = question.known?.promise;
  if (question.on.member?.hypervisor === false) return [hypervisorStep(question)];
  if (promise === undefined) return [noPromise(question)];
  return [
    promised(promise, question.snapshot),
    classStep(promise, question),
    definitionStep(promise, question),
    hypervisorStep(question),
    roomStep(promise, question),
  ];
}

/** The policy of this host does not name it: for another host that decides nothing, for it may have another policy. */
function noPromise({ known, snapshot: { policy, self }, guest, on }: Question): ExplainStep {
  const what =
    policy.generation === 0 ? `${self} has no policy in force` : `the policy of ${self} does not name ${guest}`;
  if (known === undefined) {
    return { check: "promise", verdict: "no", text: `${what}, and nobody in the fleet speaks of a guest of this name` };
  }
  const others = known.said
    .filter(({ origin, advert }) => origin !== self && advert.promised)
    .map(({ origin }) => origin);
  const theirs = others.length === 0 ? "" : `; that of ${others.join(", ")} does`;
  return { check: "promise", verdict: on.self ? "no" : "unknown", text: `${what}${theirs}` };
}

function promised(promise: EnvironmentPromise, { policy }: AgentSnapshot): ExplainStep {
  const { state, bundle, position } = promise;
  const where = `${formatPosition(position)}, bundle ${bundle}`;
  const old = policy.bad ? "; the newest policy has errors, so the one before is in force" : "";
  if (state === "delete" || state === "down") {
    return { check: "promise", verdict: "no", text: `policy wants it ${state} everywhere (${where})${old}` };
  }
  return { check: "promise", verdict: "yes", text: `policy promises it "${state}" (${where})${old}` };
}

function classStep(promise: EnvironmentPromise, { on, snapshot }: Question): ExplainStep {
  const { hostClass, hostHolds } = promise;
  if (on.self) {
    const verdict = hostHolds ? "yes" : "no";
    return {
      check: "class",
      verdict,
      text: `class ${hostClass} ${hostHolds ? "holds" : "does not hold"} on ${on.host}`,
    };
  }
  if (!on.heard || on.advert === undefined)
    return { check: "class", verdict: "unknown", text: on.silence || silentYet(on) };
  if (on.advert.matches.includes(hostClass)) {
    return {
      check: "class",
      verdict: "yes",
      text: `${on.host} says that class ${hostClass} holds there and that it may run it`,
    };
  }
  const others = matchingHosts(promise, snapshot);
  const where = others.length === 0 ? "no host that is heard may" : `${others.join(", ")} may`;
  return {
    check: "class",
    verdict: "no",
    text: `${on.host} does not offer itself for class ${hostClass}: it does not hold there, or hypervisor or image is missing (${where} run it)`,
  };
}

function silentYet({ host }: Hearing): string {
  return `${host} has not said anything about itself yet`;
}

function definitionStep(promise: EnvironmentPromise, { on, known, snapshot }: Question): ExplainStep {
  const check = "definition";
  if (!on.self) return { check, verdict: "unknown", text: `whether it is defined on ${on.host} is only known there` };
  const problem = promise.resources.spec?.problem;
  if (problem !== undefined) return { check, verdict: "no", text: problem };
  const report = snapshot.lastPass?.promises.find(({ kind, name }) => kind === "guest" && name === promise.name);
  if (report?.failure !== undefined)
    return { check, verdict: "no", text: `the last pass failed on it: ${report.failure.message}` };
  if (known?.domain !== undefined) {
    const pending = report?.pending.length ?? 0;
    const waits = pending === 0 ? "" : `; ${pending} of its settings wait for its next start`;
    return { check, verdict: "yes", text: `defined at the hypervisor of ${on.host}${waits}` };
  }
  return { check, verdict: "yes", text: "not defined here yet; a start on this host defines it first" };
}

function hypervisorStep({ on, snapshot }: Question): ExplainStep {
  const check = "hypervisor";
  if (on.member?.hypervisor === false)
    return { check, verdict: "no", text: `${on.host} is a witness and runs no guests` };
  if (on.self) {
    const { hypervisorProblem } = snapshot;
    if (hypervisorProblem !== undefined)
      return { check, verdict: "no", text: `the hypervisor does not answer: ${hypervisorProblem}` };
    return { check, verdict: "yes", text: "the hypervisor answers" };
  }
  if (!on.heard || on.advert === undefined) return { check, verdict: "unknown", text: on.silence || silentYet(on) };
  const verdict = on.advert.hypervisor ? "yes" : "no";
  return {
    check,
    verdict,
    text: `the hypervisor of ${on.host} ${on.advert.hypervisor ? "answers" : "does not answer"}`,
  };
}

/** Draining and memory: what keeps an eligible host from taking one more guest. */
function roomStep(promise: EnvironmentPromise, { on, snapshot, known }: Question): ExplainStep {
  const check = "room";
  const { host } = on;
  const draining = on.self ? snapshot.draining : on.advert?.draining;
  if (draining === true) {
    return { check, verdict: "no", text: `${host} is being drained: it gives its guests up and takes none` };
  }
  const free = freeMemory(on);
  switch (free.kind) {
    case "unknown":
      return { check, verdict: "unknown", text: `how much memory is free on ${host} is not known` };
    case "unlimited":
      return { check, verdict: "yes", text: `memory is no limit on ${host}, and it is not being drained` };
    case "known": {
      const needs = promise.resources.memoryKib ?? 0;
      const isThere = known?.claim?.claim.owner === host;
      if (isThere || needs <= free.kib) {
        return { check, verdict: "yes", text: `${host} has ${mebibytes(free.kib)} free and is not being drained` };
      }
      return { check, verdict: "no", text: `it needs ${mebibytes(needs)} and ${host} has ${mebibytes(free.kib)} free` };
    }
  }
}

function mebibytes(kib: number): string {
  return `${Math.floor(kib / 1024)} MiB`;
}

function blindSpots(
  { host, heard, heardBy, ageMs, advert }: Hearing,
  { self, facts, policy }: AgentSnapshot,
): string[] {
  const spots = [
    `definitions, disks and the dead-man of ${host} are known there only: \`berth explain\` on ${host} tells`,
  ];
  const digest = facts.get(host)?.what.policyDigest;
  if (digest !== policy.digest)
    spots.unshift(`the policy shown is that of ${self}; ${host} has another one, or never said`);
  if (heardBy.length > 0) spots.unshift(`${heardBy.join(", ")} can hear ${host}: ask there`);
  if (!heard)
    spots.unshift(
      `${host} was ${ageMs === undefined ? "never heard" : `last heard ${shortDuration(ageMs)} ago`}; all it said may be out of date`,
    );
  else if (advert === undefined) spots.unshift(`${host} is heard, and has not said anything about itself yet`);
  return spots;
}
