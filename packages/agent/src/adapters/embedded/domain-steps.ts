import { randomUUID } from "node:crypto";
import type { DomainStep } from "@berth/planner";
import { AgentError } from "../../agent-error.ts";
import { readDomainDefinition, resizeDefinition } from "./domain-definition.ts";
import type { EmbeddedDefinition, EmbeddedDomain, EmbeddedState } from "./embedded-state.ts";

/**
 * What each step does to a domain of the embedded hypervisor, by the rules that libvirt's drivers follow. Every step
 * may be asked again after its effect is there (a pass that was killed between effect and report) and then succeeds.
 */
export function applyDomainStep(state: EmbeddedState, step: DomainStep): void {
  const next = afterStep(state, step);
  if (next === undefined) state.domains.delete(step.domain);
  else state.domains.set(step.domain, next);
}

/** The domain after the step; undefined when there is none then. */
function afterStep(state: EmbeddedState, step: DomainStep): EmbeddedDomain | undefined {
  const domain = state.domains.get(step.domain);
  if (step.kind === "define-domain") return defineDomain(state, step.domain, step.xml);
  if (domain === undefined) {
    if (endsWithout.has(step.kind)) return undefined;
    throw new AgentError("NOT_FOUND", `no domain with matching name '${step.domain}'`);
  }
  return changed(state, domain, step);
}

/** Steps whose effect is there where the domain is not: a transient one vanishes by stopping. */
const endsWithout: ReadonlySet<DomainStep["kind"]> = new Set([
  "shutdown-domain",
  "destroy-domain",
  "undefine-domain",
  "remove-managed-save",
]);

type ExistingDomainStep = Exclude<DomainStep, { kind: "define-domain" }>;

/** The domain after the step; undefined when it vanishes with it. */
function changed(state: EmbeddedState, domain: EmbeddedDomain, step: ExistingDomainStep): EmbeddedDomain | undefined {
  switch (step.kind) {
    case "start-domain":
      return startDomain(state, domain, step.paused);
    case "resume-domain":
      return { ...requireActive(domain), state: "running" };
    case "wake-domain":
      // Guests of this hypervisor never put themselves to sleep, so only one that is awake already can be meant.
      if (domain.state !== "running") throw invalid("domain is not suspended by power management");
      return domain;
    case "suspend-domain":
      return { ...requireActive(domain), state: "paused" };
    case "shutdown-domain":
    case "destroy-domain":
      return stopDomain(domain);
    case "undefine-domain":
      return undefineDomain(domain);
    case "remove-managed-save":
      return { ...domain, managedSave: false };
    case "set-vcpus":
      return resize(domain, step, (size) => ({ ...size, vcpus: { ...size.vcpus, current: step.count } }));
    case "set-memory":
      return resize(domain, step, (size) => ({ ...size, memoryKib: { ...size.memoryKib, current: step.kib } }));
    case "set-domain-autostart":
      if (domain.inactive === undefined) throw invalid("cannot set autostart for transient domain");
      return { ...domain, autostart: step.autostart };
  }
}

/** Makes or replaces the definition that the next start uses; a transient domain becomes persistent. */
function defineDomain(state: EmbeddedState, name: string, xml: string): EmbeddedDomain {
  const existing = state.domains.get(name);
  const { uuid, definition } = readDomainDefinition(xml, name);
  if (existing !== undefined && existing.uuid !== uuid) {
    throw new AgentError("OPERATION_FAILED", `domain '${name}' already exists with uuid ${existing.uuid}`);
  }
  for (const other of state.domains.values()) {
    if (other.uuid === uuid && other.name !== name) {
      throw new AgentError("OPERATION_FAILED", `domain '${other.name}' is already defined with uuid ${uuid}`);
    }
  }
  if (existing !== undefined) return { ...existing, inactive: definition };
  return { name, uuid, state: "shutoff", autostart: false, managedSave: false, inactive: definition };
}

/** An active domain lives on without its definition until it stops. */
function undefineDomain(domain: EmbeddedDomain): EmbeddedDomain | undefined {
  if (domain.active === undefined) return undefined;
  const { inactive: _, ...rest } = domain;
  return { ...rest, autostart: false, managedSave: false };
}

function startDomain(state: EmbeddedState, domain: EmbeddedDomain, paused: boolean): EmbeddedDomain {
  const wanted = paused ? "paused" : "running";
  if (domain.active !== undefined) {
    if (domain.state === wanted) return domain;
    throw invalid("domain is already running");
  }
  if (domain.inactive === undefined) throw invalid(`domain '${domain.name}' has no definition`);
  for (const network of domain.inactive.networks) {
    if (state.networks.get(network)?.activeXml === undefined) {
      throw new AgentError("OPERATION_FAILED", `network '${network}' is not active`);
    }
  }
  // A managed save image is used up by the start or dropped before it: either way it is gone.
  return { ...domain, state: wanted, active: domain.inactive, run: randomUUID(), managedSave: false };
}

/** The domain once it has stopped; undefined for a transient one, which vanishes. */
export function stopDomain(domain: EmbeddedDomain): EmbeddedDomain | undefined {
  if (domain.inactive === undefined) return undefined;
  const { active: _, run: __, ...rest } = domain;
  return { ...rest, state: "shutoff" };
}

function requireActive(domain: EmbeddedDomain): EmbeddedDomain {
  if (domain.active === undefined || domain.state === "crashed") throw invalid("domain is not running");
  return domain;
}

function resize(
  domain: EmbeddedDomain,
  step: { readonly live: boolean; readonly config: boolean },
  change: (definition: EmbeddedDefinition) => EmbeddedDefinition,
): EmbeddedDomain {
  if (step.live && domain.active === undefined) throw invalid("domain is not running");
  if (step.config && domain.inactive === undefined)
    throw invalid("cannot change persistent config of a transient domain");
  return {
    ...domain,
    ...(step.live && domain.active && { active: resizeDefinition(change(domain.active)) }),
    ...(step.config && domain.inactive && { inactive: resizeDefinition(change(domain.inactive)) }),
  };
}

function invalid(reason: string): AgentError {
  return new AgentError("OPERATION_INVALID", `Requested operation is not valid: ${reason}`);
}
