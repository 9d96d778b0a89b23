import { join } from "node:path";
import { type GuestType, guestTypes, type Observation, type Outcome } from "@berth/model";
import type { BerthConfig } from "./config/berth-config.ts";
import { ConnectionCaches } from "./connection-caches.ts";
import { HypervisorConnections, type HypervisorOpener } from "./hypervisor-connections.ts";
import { Pass } from "./pass.ts";
import type { PassEvent } from "./pass-event.ts";
import type { FailureReport, PassReport, PromiseReport } from "./pass-report.ts";
import { failureOf } from "./plan-execution.ts";
import { hasErrors, loadPolicy } from "./policy-load.ts";
import { PolicyMemo } from "./policy-memo.ts";
import { PromiseLocks } from "./promise-locks.ts";
import { PromiseRounds } from "./promise-rounds.ts";

/** What one pass should do. */
export interface ConvergeOptions {
  /** Empty: the configured policy. */
  readonly files: readonly string[];
  /** `-D`. */
  readonly classes?: readonly string[];
  /** `-N`. */
  readonly negatedClasses?: readonly string[];
  /** `-b`. */
  readonly bundleSequence?: readonly string[];
  /** `-n` and `plan`: find out and report, change nothing. @default false */
  readonly dryRun?: boolean;
  /** `-K`: evaluate whatever `ifelapsed` says. A dry run always does. @default false */
  readonly ignoreLocks?: boolean;
  /** Report how each state is reached. @default false: it is only read with `-v` */
  readonly explain?: boolean;
  /** After it the running steps end, no further one begins, and the report says so. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: PassEvent) => void;
}

/** What one hypervisor type has, or why that cannot be told. */
export type HostObservation = { readonly type: GuestType; readonly uri?: string } & (
  | { readonly observation: Observation }
  | { readonly error: FailureReport }
);

/**
 * This host: its configuration, its hypervisor connections and what was remembered of them. Keep one for many passes.
 * Call {@link BerthHost.close} at the end, or declare it with `await using`.
 */
export class BerthHost implements AsyncDisposable {
  readonly #config: BerthConfig;
  readonly #connections: HypervisorConnections;
  readonly #caches = new ConnectionCaches();
  readonly #memo = new PolicyMemo();

  constructor(components: { readonly config: BerthConfig; readonly openHypervisor?: HypervisorOpener }) {
    this.#config = components.config;
    const open = components.openHypervisor;
    this.#connections = new HypervisorConnections({ config: components.config, ...(open !== undefined && { open }) });
  }

  /**
   * One pass: policy, then for each promise what must be done, then doing it. Failures are in the report; this rejects
   * only for a bug, or for a state folder that cannot be used (AgentError STATE_FILE_LOCKED).
   */
  async converge(options: ConvergeOptions): Promise<PassReport> {
    const startedAt = new Date();
    const began = performance.now();
    const loadInit = { ...options, config: this.#config };
    let load = await loadPolicy(loadInit, this.#memo);
    const pass = new Pass(
      { config: this.#config, connections: this.#connections, caches: this.#caches },
      {
        dryRun: options.dryRun ?? false,
        explain: options.explain ?? false,
        onEvent: options.onEvent ?? (() => {}),
        ...(options.signal !== undefined && { signal: options.signal }),
      },
    );
    const rounds = new PromiseRounds(pass, this.#locks(options));
    // Classes that promises define by their outcome may let further promises and reports hold: three rounds, as
    // CFEngine goes three times through a bundle.
    for (let round = 0; round < 3 && !hasErrors(load.diagnostics); round += 1) {
      await rounds.run(load.promises);
      const defined = rounds.definedClasses(load.classes);
      if (defined.length === 0 || options.dryRun === true) break;
      load = await loadPolicy({
        ...loadInit,
        classes: [...(options.classes ?? []), ...rounds.definedClasses(new Set())],
      });
    }
    return {
      startedAt: startedAt.toISOString(),
      durationSeconds: (performance.now() - began) / 1000,
      dryRun: options.dryRun ?? false,
      interrupted: options.signal?.aborted ?? false,
      diagnostics: load.diagnostics,
      reports: load.reports,
      promises: rounds.reports,
      hypervisors: pass.hypervisors,
      counts: countOutcomes(rounds.reports),
    };
  }

  /** What the hypervisors have, promised or not. @param types default: those that can be reached without configuration */
  async observations(types: readonly GuestType[] = guestTypes): Promise<readonly HostObservation[]> {
    return Promise.all(
      types.map(async (type): Promise<HostObservation> => {
        let uri: string | undefined;
        try {
          uri = this.#connections.uriOf(type);
          const hypervisor = await this.#connections.get(uri);
          return { type, uri, observation: await hypervisor.observe({ sizes: true }) };
        } catch (error) {
          return { type, ...(uri !== undefined && { uri }), error: failureOf(error) };
        }
      }),
    );
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #locks({ dryRun, ignoreLocks }: ConvergeOptions): PromiseLocks | undefined {
    if (dryRun === true || ignoreLocks === true) return undefined;
    return new PromiseLocks(join(this.#config.stateDir, "promise-locks.json"), () => Math.floor(Date.now() / 1000));
  }
}

function countOutcomes(reports: readonly PromiseReport[]): Record<Outcome, number> {
  const counts = { kept: 0, repaired: 0, failed: 0, denied: 0, skipped: 0 };
  for (const { outcome } of reports) counts[outcome] += 1;
  return counts;
}
