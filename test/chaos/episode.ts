/** One episode of the campaign: from calm, one to three faults that overlap in time, and calm again. */
import type { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import {
  handOversOf,
  type Overlap,
  overlapsOf,
  type ProcessLife,
  pausesOf,
  type RunRecord,
  timeToExactlyOne,
} from "../support/fleet/run-record.ts";
import { type Fault, faultsOf } from "./fault.ts";
import { SeededChoice } from "./seeded-choice.ts";

/** One fault with its place in time. */
export interface PlannedFault {
  readonly fault: Fault;
  readonly host: FleetHost;
  readonly afterMs: number;
  readonly lastsMs: number;
}

/** What an episode came to. */
export interface EpisodeReport {
  readonly number: number;
  readonly plan: string;
  readonly overlaps: readonly Overlap[];
  /** From the end of the last fault until every guest was on exactly one host; undefined when that was not within the bound. */
  readonly settledMs: number | undefined;
  /** Guests that moved: from the last sign on the one host to the first on the other. */
  readonly failoversMs: readonly number[];
  /** From a power cut to a guest of that host on another. */
  readonly afterPowerCutMs: readonly number[];
  readonly pausesMs: readonly number[];
  /** Hypervisor processes that ended, and why that was right. */
  readonly ended: readonly { readonly what: string; readonly why: string }[];
  /** Why this episode is a failure; empty when it is none. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Which faults, where and when: a matter of the seed and the number alone. */
export function planEpisode(
  fleet: Fleet,
  seed: number,
  number: number,
): { plan: PlannedFault[]; choice: SeededChoice } {
  const choice = new SeededChoice(seed, number);
  const lottery = faultsOf(fleet).flatMap((fault) => Array<Fault>(fault.weight).fill(fault));
  const plan: PlannedFault[] = [];
  const wanted = choice.of([1, 1, 2, 2, 3]);
  for (let attempt = 0; plan.length < wanted && attempt < 20; attempt += 1) {
    const fault = choice.of(lottery);
    const host = choice.of(fleet.hosts);
    const [minimum, maximum] = fault.lasts;
    const planned = { fault, host, afterMs: choice.between(0, 3_000), lastsMs: choice.between(minimum, maximum) };
    if (plan.every((other) => goTogether(other, planned))) plan.push(planned);
  }
  return { plan: plan.sort((a, b) => a.afterMs - b.afterMs), choice };
}

/** One network fault at a time; a host without power has no other fault; a dead-man that is stopped is the only fault of its host. */
function goTogether(one: PlannedFault, other: PlannedFault): boolean {
  const touched = [one.fault.touches, other.fault.touches];
  if (touched[0] === touched[1] && (touched[0] === "network" || one.host === other.host)) return false;
  // The known limit, said by the status: with agent and dead-man both away and no watchdog device nobody stops the guest.
  if (touched.includes("dead-man") && touched.includes("network")) return false;
  return one.host !== other.host || !(touched.includes("power") || touched.includes("dead-man"));
}

/** Carries out one episode. */
export async function runEpisode(
  fleet: Fleet,
  init: { readonly seed: number; readonly number: number; readonly boundMs: number },
): Promise<EpisodeReport> {
  const { seed, number, boundMs } = init;
  const { plan, choice } = planEpisode(fleet, seed, number);
  const notes: string[] = [];
  const problems: string[] = [];
  const sinceMs = nowMs();
  const note = (text: string) => notes.push(`${(nowMs() - sinceMs).toFixed(0)} ms ${text}`);
  const powerCuts = new Map<string, number>();
  await Promise.all(
    plan.map(async ({ fault, host, afterMs, lastsMs }) => {
      const scene = { fleet, host, choice, note };
      await fleet.pass(afterMs);
      note(`${host.name}: ${fault.name}`);
      if (fault.touches === "power") powerCuts.set(host.name, nowMs());
      await fault.begin(scene);
      await fleet.pass(lastsMs);
      await fault.end(scene);
      note(`${host.name}: ${fault.name} is over`);
    }),
  );
  const healedMs = nowMs();
  problems.push(...(await reviveDaemons(fleet)));
  const settled = await fleet.settled(fleet.guests, { withinMs: boundMs, steadyMs: 1_000 }).then(
    () => true,
    (error: Error) => {
      problems.push(error.message);
      return false;
    },
  );
  const record = await fleet.recorder.look(sinceMs);
  const overlaps = overlapsOf(record.spans, sinceMs);
  problems.push(...overlaps.map((o) => `OVERLAP ${o.guest} on ${o.hosts.join(" and ")}: ${o.ms.toFixed(1)} ms`));
  const ended = record.processes.flatMap((life) => endOf(life, { record, plan, powerCuts, sinceMs }));
  problems.push(...ended.filter(({ why }) => why === unexplained).map(({ what }) => `${what} ended without need`));
  const moves = handOversOf(record.spans).filter(({ firstMs }) => firstMs >= sinceMs);
  const times = fleet.guests.map((guest) => timeToExactlyOne(record, guest, healedMs) ?? Number.NaN);
  return {
    number,
    plan: plan.map(describePlanned).join(" + "),
    overlaps,
    settledMs: settled ? Math.max(0, ...times) : undefined,
    failoversMs: moves.map(({ lastMs, firstMs }) => firstMs - lastMs),
    afterPowerCutMs: moves.flatMap(({ from, firstMs }) => {
      const cutMs = powerCuts.get(from);
      return cutMs === undefined || cutMs > firstMs ? [] : [firstMs - cutMs];
    }),
    pausesMs: pausesOf(record.spans, sinceMs).map(({ ms }) => ms),
    ended,
    problems,
    notes,
  };
}

function describePlanned({ fault, host, afterMs, lastsMs }: PlannedFault): string {
  return `${fault.name} ${host.name} at ${(afterMs / 1000).toFixed(1)} s for ${(lastsMs / 1000).toFixed(1)} s`;
}

/** A daemon that ended by itself is a fault of Berth's; an init system would start it again, and so does this. */
async function reviveDaemons(fleet: Fleet): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const host of fleet.hosts) {
    for (const daemon of ["dead-man", "agent"] as const) {
      if (host.daemon(daemon).running) continue;
      problems.push(`the ${daemon} of ${host.name} ended by itself: ${host.daemon(daemon).log().slice(-500)}`);
      await host.start(daemon);
    }
  }
  return problems;
}

const unexplained = "UNEXPLAINED";

interface Scene {
  readonly record: RunRecord;
  readonly plan: readonly PlannedFault[];
  readonly powerCuts: ReadonlyMap<string, number>;
  readonly sinceMs: number;
}

/** Why a hypervisor process ended: its host lost power, its guest moved away, or it could not be suspended and was killed. */
function endOf(life: ProcessLife, scene: Scene): readonly { what: string; why: string }[] {
  const { guest, host, openMs, closeMs } = life;
  if (closeMs === undefined || closeMs < scene.sinceMs) return [];
  const what = `${guest} on ${host}`;
  const cutMs = scene.powerCuts.get(host);
  if (cutMs !== undefined && closeMs >= cutMs && closeMs < cutMs + 1_000) return [{ what, why: "power cut" }];
  const own = scene.record.spans.filter((span) => span.guest === guest);
  const lived = own.some((span) => span.host === host && span.toMs >= openMs && span.fromMs <= closeMs);
  if (!lived) return [{ what, why: "never executed" }];
  if (own.some((span) => span.host !== host && span.toMs >= openMs)) return [{ what, why: "the guest is elsewhere" }];
  const deaf = scene.plan.some((p) => p.host.name === host && ["qemu", "libvirtd"].includes(p.fault.touches));
  return [{ what, why: deaf ? "could not be suspended" : unexplained }];
}
