/**
 * What a recorder saw of guests that executed, and what follows from it. All times are milliseconds of the machine's one
 * monotonic clock, which every process on it shares. Pure: intervals in, figures out.
 */

/** A stretch of time in which a guest executed on one host without a gap: from its first to its last sign of life. */
export interface Span {
  readonly host: string;
  readonly guest: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly ticks: number;
  /** Whether it goes on, as far as is known. */
  readonly open: boolean;
}

/** A hypervisor process of a guest, executing or not; `closeMs` is absent while it lives. */
export interface ProcessLife {
  readonly host: string;
  readonly guest: string;
  readonly openMs: number;
  readonly closeMs?: number;
}

/** A lifecycle event as libvirt told it, by the time at which it arrived. */
export interface LifecycleRecord {
  readonly host: string;
  readonly guest: string;
  readonly event: string;
  readonly detail: string;
  readonly atMs: number;
}

/** Everything that was seen since some moment. */
export interface RunRecord {
  readonly nowMs: number;
  readonly spans: readonly Span[];
  readonly processes: readonly ProcessLife[];
  readonly events: readonly LifecycleRecord[];
  /** By how much the recorder itself was late at the worst: no time of a sign of life is more wrong than this and one tick. */
  readonly lagMaxMs: number;
}

/** Two copies of one guest that executed at the same time. */
export interface Overlap {
  readonly guest: string;
  readonly hosts: readonly [string, string];
  readonly fromMs: number;
  readonly ms: number;
}

/** Every pair of stretches of one guest on two hosts that have time in common, after `sinceMs`. */
export function overlapsOf(spans: readonly Span[], sinceMs = 0): readonly Overlap[] {
  const overlaps: Overlap[] = [];
  const ordered = [...spans].sort((a, b) => a.fromMs - b.fromMs);
  ordered.forEach((first, index) => {
    for (const second of ordered.slice(index + 1)) {
      if (second.fromMs > first.toMs) break;
      if (second.guest !== first.guest || second.host === first.host) continue;
      const fromMs = Math.max(second.fromMs, sinceMs);
      const ms = Math.min(first.toMs, second.toMs) - fromMs;
      if (ms >= 0) overlaps.push({ guest: first.guest, hosts: [first.host, second.host], fromMs, ms });
    }
  });
  return overlaps;
}

/** Milliseconds of time in common, all pairs together. */
export function overlapMs(spans: readonly Span[], sinceMs = 0): number {
  return overlapsOf(spans, sinceMs).reduce((sum, { ms }) => sum + ms, 0);
}

/** A guest that stopped executing on one host and then began on another. */
export interface HandOver {
  readonly guest: string;
  readonly from: string;
  readonly to: string;
  /** The last sign of life on the one, and the first on the other. */
  readonly lastMs: number;
  readonly firstMs: number;
}

/** Every change of host of every guest, in order of time. */
export function handOversOf(spans: readonly Span[]): readonly HandOver[] {
  const handOvers: HandOver[] = [];
  for (const own of byGuest(spans)) {
    own.sort((a, b) => a.fromMs - b.fromMs);
    own.forEach((second, index) => {
      const first = own[index - 1];
      if (first === undefined || first.host === second.host) return;
      const { guest } = second;
      handOvers.push({ guest, from: first.host, to: second.host, lastMs: first.toMs, firstMs: second.fromMs });
    });
  }
  return handOvers.sort((a, b) => a.firstMs - b.firstMs);
}

/** Stretches in which a guest's copy did not execute and then went on where it was. */
export function pausesOf(spans: readonly Span[], sinceMs = 0): readonly { guest: string; host: string; ms: number }[] {
  return byGuest(spans).flatMap((own) => {
    own.sort((a, b) => a.fromMs - b.fromMs);
    return own.flatMap((second, index) => {
      const first = own[index - 1];
      if (first === undefined || first.host !== second.host || second.fromMs < sinceMs) return [];
      return [{ guest: second.guest, host: second.host, ms: second.fromMs - first.toMs }];
    });
  });
}

function byGuest(spans: readonly Span[]): Span[][] {
  return [...new Set(spans.map(({ guest }) => guest))].map((guest) => spans.filter((span) => span.guest === guest));
}

/** Hosts on which a guest executes at the end of the record. */
export function executingOn(record: RunRecord, guest: string): readonly string[] {
  return [...new Set(record.spans.filter((s) => s.guest === guest && s.open).map(({ host }) => host))].sort();
}

/** Hosts on which a guest has a hypervisor process at the end of the record, executing or not. */
export function presentOn(record: RunRecord, guest: string): readonly string[] {
  const living = record.processes.filter((life) => life.guest === guest && life.closeMs === undefined);
  return [...new Set(living.map(({ host }) => host))].sort();
}

/**
 * Time from `sinceMs` until the guest executed on exactly one host for good, 0 where that never ceased; undefined where it
 * does not now.
 */
export function timeToExactlyOne(record: RunRecord, guest: string, sinceMs: number): number | undefined {
  if (executingOn(record, guest).length !== 1) return undefined;
  const own = record.spans.filter((span) => span.guest === guest && (span.open || span.toMs >= sinceMs));
  const executes = (atMs: number) =>
    new Set(own.filter((s) => s.fromMs <= atMs && (s.open || s.toMs >= atMs)).map(({ host }) => host)).size;
  const bounds = own.flatMap((s) => (s.open ? [s.fromMs] : [s.fromMs, s.toMs])).filter((ms) => ms > sinceMs);
  const moments = [...new Set([sinceMs, ...bounds])].sort((a, b) => a - b);
  // From the end backwards while exactly one executes, both at each bound and between it and the next.
  let settledMs = moments.at(-1) ?? sinceMs;
  for (let index = moments.length - 1; index >= 0; index -= 1) {
    const at = moments[index] ?? sinceMs;
    const next = moments[index + 1] ?? record.nowMs;
    if (executes((at + next) / 2) !== 1) break;
    settledMs = at;
  }
  return settledMs - sinceMs;
}

/** How late libvirt's events were compared with the guests' own signs of life, sorted, milliseconds. */
export function eventLateness(record: RunRecord): { readonly suspended: number[]; readonly resumed: number[] } {
  const near = (event: LifecycleRecord, moment: (span: Span) => number) => {
    const distances = record.spans
      .filter((span) => span.host === event.host && span.guest === event.guest)
      .map((span) => event.atMs - moment(span));
    return distances.sort((a, b) => Math.abs(a) - Math.abs(b))[0];
  };
  const lateness = (name: string, moment: (span: Span) => number) =>
    record.events
      .filter(({ event }) => event === name)
      .flatMap((event) => near(event, moment) ?? [])
      .filter((ms) => Math.abs(ms) < 1_000)
      .sort((a, b) => a - b);
  return {
    suspended: lateness("suspended", ({ toMs, open }) => (open ? Number.NEGATIVE_INFINITY : toMs)),
    resumed: lateness("resumed", ({ fromMs }) => fromMs),
  };
}

/** Value at `share` (0 to 1) of sorted numbers. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
