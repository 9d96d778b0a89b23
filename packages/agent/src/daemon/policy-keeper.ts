import { createHash } from "node:crypto";
import { dirname, relative } from "node:path";
import type { Diagnostic } from "@berth/model";
import type { BerthConfig } from "../config/berth-config.ts";
import { fleetFindingCodes } from "../fleet/fleet-findings.ts";
import { hasErrors, loadPolicy } from "../policy-load.ts";
import type { PolicyLoad } from "../policy-load-types.ts";
import { PolicyMemo } from "../policy-memo.ts";
import { readKnownTypes } from "./known-types.ts";
import type { PolicyInForce } from "./running-agent.ts";

/** Before any policy was read. */
const nothingInForce: PolicyInForce = {
  generation: 0,
  digest: "",
  files: [],
  promises: [],
  classes: new Set(),
  diagnostics: [],
  bad: false,
};

/**
 * The policy in force: the newest one that was good. A bad one is kept out, and its findings are shown beside the good one
 * that stays.
 *
 * Files are watched by looking at them: an editor writes a file in several steps or replaces it, and file systems that come
 * over a network tell nobody. A policy is loaded again once the files that it was made of look different from when it was
 * loaded, and alike in two looks that follow each other.
 */
export class PolicyKeeper {
  readonly #config: BerthConfig;
  readonly #memo: PolicyMemo;
  #inForce: PolicyInForce = nothingInForce;
  #lastLoad: PolicyLoad | undefined;
  #loading: Promise<PolicyInForce> | undefined;
  #seenStamp = "";

  constructor(components: { readonly config: BerthConfig }) {
    this.#config = components.config;
    // After a restart beside a daemon that is away: what was used here is here.
    this.#memo = new PolicyMemo({ hypervisors: readKnownTypes(components.config.stateDir) });
  }

  get inForce(): PolicyInForce {
    return this.#inForce;
  }

  /** Loads now, or hands out the load that is under way. Never rejects for what the policy says. */
  load(): Promise<PolicyInForce> {
    this.#loading ??= this.#loadNow().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Findings about how the promised guests are protected, and what of them a fleet does not do, shown beside the policy's own. */
  noteRules(findings: readonly Diagnostic[]): void {
    const isRule = (code: string) => code === "META_RULE_INVALID" || fleetFindingCodes.has(code);
    const own = this.#inForce.diagnostics.filter(({ code }) => !isRule(code));
    if (findings.length === 0 && own.length === this.#inForce.diagnostics.length) return;
    this.#inForce = { ...this.#inForce, diagnostics: [...own, ...findings] };
  }

  /** One look at the files; true when they have changed since the last load and come to rest. */
  hasChanged(): boolean {
    if (this.#memo.isCurrent) return false;
    const { stamp } = this.#memo;
    const settled = stamp === this.#seenStamp;
    this.#seenStamp = stamp;
    return settled;
  }

  async #loadNow(): Promise<PolicyInForce> {
    const load = await loadPolicy({ files: [], config: this.#config }, this.#memo);
    if (load !== this.#lastLoad) this.#take(load);
    this.#lastLoad = load;
    return this.#inForce;
  }

  #take(load: PolicyLoad): void {
    const bad = hasErrors(load.diagnostics);
    const { diagnostics } = load;
    if (bad) {
      this.#inForce = { ...this.#inForce, diagnostics, bad };
      return;
    }
    const digest = digestOf(load, dirname(this.#config.policyPath));
    const same = digest === this.#inForce.digest && this.#inForce.generation > 0;
    this.#inForce = {
      generation: this.#inForce.generation + 1,
      digest,
      files: [...load.sources.keys()],
      since: same && this.#inForce.since !== undefined ? this.#inForce.since : new Date().toISOString(),
      promises: load.promises,
      classes: load.classes,
      diagnostics,
      bad,
    };
  }
}

/** Over names and texts of all sources; names from the policy's folder on, so that hosts can compare it. */
function digestOf({ sources }: PolicyLoad, folder: string): string {
  const named = [...sources].map(([file, text]) => `${relative(folder, file)}\0${text}\0`);
  return createHash("sha256").update(named.sort().join("")).digest("hex");
}
