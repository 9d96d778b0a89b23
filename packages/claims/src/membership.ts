/**
 * The configuration that this host lives by. A higher number always wins: configurations are chosen by the old voters
 * (section 7), at most one per number, so believing any member that shows one is safe for a *holder*. A *voter* answers
 * for a configuration only after it has been activated with a copy of the registers.
 */
import type { ConfigNotice } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import { majority } from "./quorum.ts";
import type { Configuration, HostId, VoterId } from "./words.ts";

/** The configuration in force and the fleet it belongs to. */
export class Membership {
  readonly fleet: string;
  readonly #outbox: Outbox;
  #config: Configuration;
  readonly #sealedBy = new Map<HostId, Configuration>();

  constructor(
    components: { readonly outbox: Outbox },
    init: { readonly fleet: string; readonly config: Configuration },
  ) {
    this.#outbox = components.outbox;
    this.fleet = init.fleet;
    this.#config = init.config;
  }

  get config(): Configuration {
    return this.#config;
  }

  /** Voter ids of the current set. */
  get voterIds(): readonly VoterId[] {
    return this.#config.voters.map((v) => v.voter);
  }

  /** Whether `voter` is in the set and `host` is the one that answers for it. */
  isVoter(voter: VoterId, host: HostId): boolean {
    return this.#config.voters.some((v) => v.voter === voter && v.host === host);
  }

  /**
   * An old voter says that it is sealed for `next`. Only a majority of them ends the old set: a change that stopped half-way
   * must not draw hosts away from voters that still grant. True when the new configuration was taken.
   */
  noteSealed(from: HostId, next: Configuration): boolean {
    if (next.number !== this.#config.number + 1) return false;
    this.#sealedBy.set(from, next);
    const sealed = this.#config.voters.filter((v) => this.#sealedBy.has(v.host));
    return sealed.length >= majority(this.#config.voters.length) && this.adopt(next);
  }

  /** A change that was begun and is not known to be complete. */
  get begun(): Configuration | undefined {
    return this.#sealedBy.values().next().value;
  }

  /** Takes a newer configuration; true when it was newer. */
  adopt(config: Configuration): boolean {
    if (config.number <= this.#config.number) return false;
    this.#config = config;
    this.#sealedBy.clear();
    this.#outbox.persist({ kind: "config", value: config });
    this.#outbox.note({
      level: config.reset === undefined ? "info" : "alarm",
      code: config.reset === undefined ? "CONFIG_ADOPTED" : "CONFIG_RESET",
      text: `configuration ${config.number} with ${config.voters.length} voters holds`,
    });
    return true;
  }

  /** What is said to somebody who asks under an older configuration. */
  notice(config: Configuration, sealed: boolean): ConfigNotice {
    return { kind: "config-notice", fleet: this.fleet, cfg: this.#config.number, config, sealed };
  }
}
