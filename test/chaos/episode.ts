/** One episode of the campaign: from calm, one to three faults that overlap in time, and calm again. */
import type { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import {
  executingOn,
  handOversOf,
  type Overlap,
  overlapsOf,
  type ProcessLife,
  pausesOf,
  type RunRecord,
  timeToExactlyOne,
} from "../support/fleet/run-record.ts";
import { type EpisodeInit, type PlannedFault, planEpisode } from "./episode-plan.ts";
import type { FaultScene } from "./fault.ts";

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

/** Carries out one episode, on a fleet that is calm. */
export async function runEpisode(fleet: Fleet, init: EpisodeInit): Promise<EpisodeReport> {
  const { number, boundMs } = init;
  const { plan, choice } = planEpisode(fleet, init, await busiestFirst(fleet));
  const before = await fleet.incarnations();
  const said = fleet.hosts.map((host) => host.deadManLog().length);
  const problems: string[] = [];
  const notes: string[] = [];
  const sinceMs = nowMs();
  const note = (text: string) => notes.push(`${(nowMs() - sinceMs).toFixed(0)} ms ${text}`);
  const powerCuts = new Map<string, number>();
  await Promise.all(
    plan.map((planned) =>
      withoutError(problems, () => stage(planned, { fleet, host: planned.host, choice, note }, powerCuts)),
    ),
  );
  const healedMs = nowMs();
  problems.push(...(await reviveDaemons(fleet)));
  const settled = await withoutError(problems, () =>
    fleet.settled(fleet.guests, { withinMs: boundMs, steadyMs: 1_000 }),
  );
  // A host that was fenced clears away before it begins anew; and the next episode begins with everybody back.
  problems.push(...(await reviveDaemons(fleet)));
  const calm = await withoutError(problems, () => fleet.calm(fleet.guests, boundMs));
  const now = calm ? await fleet.incarnations() : before;
  const fenced = fleet.hosts.map(({ name }) => name).filter((name) => now.get(name) !== before.get(name));
  const record = await fleet.recorder.look(sinceMs);
  const killed = killedByDeadMen(fleet, said);
  const figures = figuresOf({ record, plan, powerCuts, sinceMs, fenced, killed });
  problems.push(
    ...figures.overlaps.map((o) => `OVERLAP ${o.guest} on ${o.hosts.join(" and ")}: ${o.ms.toFixed(1)} ms`),
  );
  problems.push(
    ...figures.ended.filter(({ why }) => why === unexplained).map(({ what }) => `${what} ended without need`),
  );
  const times = fleet.guests.map((guest) => timeToExactlyOne(record, guest, healedMs) ?? Number.NaN);
  const settledMs = settled && calm ? Math.max(0, ...times) : undefined;
  return { number, plan: plan.map(describePlanned).join(" + "), settledMs, ...figures, problems, notes };
}

/** `guest on host` for every kill that a dead-man told of, from these lengths of their logs on. */
function killedByDeadMen(fleet: Fleet, said: readonly number[]): readonly string[] {
  return fleet.hosts.flatMap((host, index) => {
    const news = host.deadManLog().slice(said[index]);
    return [...news.matchAll(/ KILLED (\S+):/g)].map(([, guest]) => `${guest} on ${host.name}`);
  });
}

async function busiestFirst(fleet: Fleet): Promise<readonly FleetHost[]> {
  const record = await fleet.recorder.look(nowMs());
  const load = ({ name }: FleetHost) =>
    fleet.guests.filter((guest) => executingOn(record, guest).includes(name)).length;
  return [...fleet.hosts].sort((a, b) => load(b) - load(a) || (a.name < b.name ? -1 : 1));
}

async function stage(planned: PlannedFault, scene: FaultScene, powerCuts: Map<string, number>): Promise<void> {
  const { fault, host, afterMs, lastsMs } = planned;
  await scene.fleet.pass(afterMs);
  scene.note(`${host.name}: ${fault.name}`);
  if (fault.touches === "power") powerCuts.set(host.name, nowMs());
  await fault.begin(scene);
  await scene.fleet.pass(lastsMs);
  await fault.end(scene);
  scene.note(`${host.name}: ${fault.name} is over`);
}

function figuresOf(
  scene: Scene,
): Pick<EpisodeReport, "overlaps" | "ended" | "failoversMs" | "afterPowerCutMs" | "pausesMs"> {
  const { record, sinceMs, powerCuts } = scene;
  const moves = handOversOf(record.spans).filter(({ firstMs }) => firstMs >= sinceMs);
  return {
    overlaps: overlapsOf(record.spans, sinceMs),
    ended: record.processes.flatMap((life) => endOf(life, scene)),
    failoversMs: moves.map(({ lastMs, firstMs }) => firstMs - lastMs),
    afterPowerCutMs: moves.flatMap(({ from, firstMs }) => {
      const cutMs = powerCuts.get(from);
      return cutMs === undefined || cutMs > firstMs ? [] : [firstMs - cutMs];
    }),
    pausesMs: pausesOf(record.spans, sinceMs).map(({ ms }) => ms),
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

async function withoutError(problems: string[], run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return false;
  }
}

const unexplained = "UNEXPLAINED";

interface Scene {
  readonly record: RunRecord;
  readonly plan: readonly PlannedFault[];
  readonly powerCuts: ReadonlyMap<string, number>;
  readonly sinceMs: number;
  /** Hosts that began another incarnation: nothing of the earlier one may run on. */
  readonly fenced: readonly string[];
  /** `guest on host` where a dead-man could not make sure in time that the guest was suspended, and killed it. */
  readonly killed: readonly string[];
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
  if (scene.killed.includes(what)) return [{ what, why: "killed by the dead-man: not suspended in time" }];
  if (scene.fenced.includes(host)) return [{ what, why: "its host was fenced" }];
  if (scene.plan.some(({ fault }) => fault.touches === "policy")) return [{ what, why: "policy" }];
  return [{ what, why: unexplained }];
}
