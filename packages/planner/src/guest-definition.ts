/**
 * The steps that bring a guest's definition, disk and size to what policy says, and what has to wait.
 *
 * The definition is changed at once, whatever the guest does: it only counts at the next start. What runs is changed
 * only where libvirt can do so without a restart (processors up to the maximum, memory through the balloon). The rest
 * is pending, and no guest is restarted for it. A live change that needs the guest's consent (less memory, fewer
 * processors) is asked for once, together with the change of the definition: a guest that ignores it is not asked
 * again at every pass.
 */
import type { ComparisonCache } from "@berth/domain-xml";
import type { ObservedDomain } from "@berth/model";
import { describeDifference } from "./difference-text.ts";
import { compareGuest, type GuestComparison, type GuestTexts, notTold } from "./guest-comparison.ts";
import { comparesDefinition, type GuestIntent, volumePath } from "./guest-intent.ts";
import type { FetchedXml, PendingChange, PlanFailure, PlannerSettings } from "./plan-types.ts";
import type { StartState } from "./start-state.ts";
import type { Step, VolumeStep } from "./step.ts";

/** What the definition of a guest that is there asks for. */
export interface DefinitionWork {
  readonly failure?: PlanFailure;
  /** Before the guest starts or stops: define, create its disk, change its live size. */
  readonly steps: readonly Step[];
  readonly pending: readonly PendingChange[];
}

/** What a definition needs to be planned. */
export interface DefinitionContext {
  readonly xml: FetchedXml;
  readonly settings: PlannerSettings;
  readonly cache: ComparisonCache | undefined;
  /** Whether the guest, as it is now, goes on to exist: then live changes and pending ones matter. */
  readonly staysActive: boolean;
}

type Compared = Extract<GuestComparison, { ok: true }>;

const nothing: DefinitionWork = { steps: [], pending: [] };

/** Plans the definition of a guest that the hypervisor has. */
export function definitionWork(
  intent: GuestIntent,
  domain: ObservedDomain,
  start: StartState,
  context: DefinitionContext,
): DefinitionWork {
  const name = intent.promise.name;
  const texts: GuestTexts = {
    inactive: context.xml.domains.inactive.get(name),
    active: context.xml.domains.active.get(name),
  };
  const refused = context.xml.domains.refused?.get(name);
  const compares = comparesDefinition(intent);
  if (refused !== undefined && (compares || start.transient)) return { ...nothing, failure: notTold(name, refused) };
  if (!compares) return start.transient ? keepTransient(intent, texts) : nothing;
  const volume = volumePath(intent.promise, context.settings);
  const compared = compareGuest(intent.promise, domain, texts, volume, context.cache);
  if (!compared.ok) return { ...nothing, failure: compared.failure };
  const disk = compared.usesVolume ? missingVolume(intent, context) : [];
  const definition = definitionSteps(intent, start, texts, compared);
  if (!context.staysActive) return { steps: [...disk, ...definition], pending: savedPending(start, compared) };
  const size = liveSize(name, compared);
  return { steps: [...disk, ...definition, ...size.steps], pending: [...size.pending, ...runningPending(compared)] };
}

/** A transient guest vanishes when it stops, and with it the only definition there is: it is written down first. */
function keepTransient(intent: GuestIntent, texts: GuestTexts): DefinitionWork {
  const { name } = intent.promise;
  if (intent.goal === "deleted") return nothing;
  if (texts.inactive === undefined) {
    const message = `The definition of ${name} could not be fetched: it changed while it was looked at.`;
    return { ...nothing, failure: { code: "XML_NOT_FETCHED", message } };
  }
  return { steps: [defineTransient(name, texts.inactive)], pending: [] };
}

function defineTransient(domain: string, xml: string): Step {
  return { kind: "define-domain", domain, xml, tag: "live", reason: "it is transient and would vanish when it stops" };
}

function definitionSteps(intent: GuestIntent, start: StartState, texts: GuestTexts, compared: Compared): Step[] {
  const { name } = intent.promise;
  if (compared.mergedXml === "") return start.transient ? [defineTransient(name, texts.inactive ?? "")] : [];
  const [first, ...rest] = compared.differences;
  if (!start.transient && rest.length === 0 && first?.path === "vcpu@current") {
    const count = compared.wantedSize.vcpusCurrent ?? 1;
    return [
      {
        kind: "set-vcpus",
        domain: name,
        count,
        live: false,
        config: true,
        tag: "next boot",
        reason: describeDifference(first),
      },
    ];
  }
  const reason = compared.differences.map(describeDifference).join("; ");
  return [{ kind: "define-domain", domain: name, xml: compared.mergedXml, tag: "next boot", reason }];
}

/** The disk of a guest that is built from resources, where it does not exist. */
export function missingVolume(intent: GuestIntent, context: Pick<DefinitionContext, "xml" | "settings">): VolumeStep[] {
  const path = volumePath(intent.promise, context.settings);
  if (path === undefined || context.xml.existingVolumes.has(path)) return [];
  const { diskMb, baseline } = intent.promise.resources;
  const format = baseline === undefined ? undefined : imageFormats[baseline.slice(baseline.lastIndexOf("."))];
  return [
    {
      kind: "create-volume",
      domain: intent.promise.name,
      path,
      ...(diskMb === undefined ? {} : { capacityBytes: diskMb * 1024 * 1024 }),
      ...(baseline === undefined ? {} : { backing: { path: baseline, ...(format === undefined ? {} : { format }) } }),
      tag: "live",
      reason: "its disk does not exist",
    },
  ];
}

/** Formats that a file's name tells for certain; `.img` may be anything. */
const imageFormats: Readonly<Record<string, string>> = {
  ".qcow2": "qcow2",
  ".raw": "raw",
  ".vmdk": "vmdk",
  ".vdi": "vdi",
};

/** Live changes of processors and memory, and those that the running guest cannot take. */
function liveSize(domain: string, compared: Compared): { steps: Step[]; pending: PendingChange[] } {
  const cpus = liveVcpus(domain, compared);
  const memory = liveMemory(domain, compared);
  return { steps: [...cpus.steps, ...memory.steps], pending: [...cpus.pending, ...memory.pending] };
}

function liveVcpus(domain: string, compared: Compared): { steps: Step[]; pending: PendingChange[] } {
  const count = compared.wantedSize.vcpusCurrent;
  const now = compared.runningSize;
  if (count === undefined || now === undefined || count === now.vcpusCurrent) return { steps: [], pending: [] };
  const what = `vcpu: ${count} wanted, ${now.vcpusCurrent} now`;
  const isAskedNow = compared.configuredSize.vcpusCurrent !== count;
  if (count > now.vcpusMaximum) return wait(what, `the running guest takes at most ${now.vcpusMaximum}`);
  if (count < now.vcpusCurrent - now.vcpusUnpluggable) return wait(what, "the guest booted with them");
  if (count < now.vcpusCurrent && !isAskedNow) return wait(what, "the guest has not given them back");
  return {
    steps: [{ kind: "set-vcpus", domain, count, live: true, config: false, tag: "live", reason: what }],
    pending: [],
  };
}

function liveMemory(domain: string, compared: Compared): { steps: Step[]; pending: PendingChange[] } {
  const kib = compared.wantedSize.currentMemoryKib;
  const now = compared.runningSize;
  if (kib === undefined || now === undefined || sameMib(kib, now.currentMemoryKib)) return { steps: [], pending: [] };
  const what = `memory: ${kib} KiB wanted, ${now.currentMemoryKib} KiB now`;
  const { configuredSize, wantedSize } = compared;
  const isAskedNow =
    configuredSize.currentMemoryKib !== kib ||
    configuredSize.memoryKib !== (wantedSize.memoryKib ?? configuredSize.memoryKib);
  if (Math.ceil(kib / 1024) > Math.ceil(now.memoryKib / 1024)) {
    return wait(what, `the running guest takes at most ${now.memoryKib} KiB`);
  }
  if (!now.balloon) return wait(what, "the guest has no memory balloon");
  if (!isAskedNow) return wait(what, "the guest's balloon has not followed");
  return {
    steps: [{ kind: "set-memory", domain, kib, live: true, config: false, tag: "live", reason: what }],
    pending: [],
  };
}

function wait(what: string, why: string): { steps: Step[]; pending: PendingChange[] } {
  return { steps: [], pending: [{ what, why, tag: "next boot" }] };
}

/** QEMU gets memory in whole MiB. */
function sameMib(left: number, right: number): boolean {
  return Math.ceil(left / 1024) === Math.ceil(right / 1024);
}

/** Told apart from the rest, or of no consequence to a guest that runs. */
const notPending = /^(?:vcpu(?:@current)?|memory|currentMemory|title|description|metadata(?:\/.*)?)$/;

function runningPending(compared: Compared): PendingChange[] {
  return compared.running
    .filter((difference) => !notPending.test(difference.path))
    .map((difference) => ({
      what: describeDifference(difference),
      why: "a running guest cannot take it",
      tag: "next boot",
    }));
}

/** A guest that resumes from saved memory keeps the hardware it was saved with. */
function savedPending(start: StartState, compared: Compared): PendingChange[] {
  if (!start.managedSave) return [];
  return compared.differences.map((difference) => ({
    what: describeDifference(difference),
    why: "its memory was saved with the hardware of then",
    tag: "next boot",
  }));
}
