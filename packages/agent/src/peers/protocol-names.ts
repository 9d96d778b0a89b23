/**
 * What the wire protocol is called, and which releases understand each other.
 *
 * The major version is part of the names of streams and topics: two releases talk in the highest major that both have, so a
 * release that introduces a major keeps the one before, and neighbours always share one. Smaller additions are
 * *features*, told in the hello: nobody sends what the other side has not said it knows.
 */
import { AgentError } from "../agent-error.ts";

/** Majors of this release, best first. */
export const protocolMajors: readonly number[] = [1];

/**
 * `gap-pull`: answers for gossip batches that got lost on the way. `notices`: takes what agents tell each other beside the protocol.
 * `probe`: says whether it hears another host. `orders`: takes what an operator asks of it from another host.
 */
export const protocolFeatures: readonly string[] = ["gap-pull", "notices", "probe", "orders"];

/** Names of one fleet. The fleet's id is in each of them, so that agents of two fleets have nothing to say to each other. */
export class ProtocolNames {
  readonly majors: readonly number[];
  readonly #root: string;

  /** @throws AgentError CONFIG_INVALID for an id that does not fit into a name. */
  constructor(fleet: string, majors: readonly number[] = protocolMajors) {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(fleet)) {
      const message = `the fleet id ${JSON.stringify(fleet)} must be 1 to 64 letters, digits, dots, dashes or underscores`;
      throw new AgentError("CONFIG_INVALID", message);
    }
    this.majors = majors;
    this.#root = `berth/${fleet}`;
  }

  /** Prefix of libp2p's own protocols (identify, ping), without the leading slash. */
  get prefix(): string {
    return this.#root;
  }

  /** Votes, renewals and whatever goes to one peer only. */
  messages(major: number): string {
    return `/${this.#root}/messages/${major}`;
  }

  heartbeats(major: number): string {
    return `/${this.#root}/heartbeats/${major}`;
  }

  pulls(major: number): string {
    return `/${this.#root}/pulls/${major}`;
  }

  /** How a host that was removed while it was away hears of it. */
  get farewell(): string {
    return `/${this.#root}/farewell/1`;
  }

  topic(major: number): string {
    return `${this.#root}/gossip/${major}`;
  }

  /** Protocols of gossipsub; the number is gossipsub's own. */
  get gossip(): string[] {
    return [`/${this.#root}/meshsub/1.1.0`];
  }

  majorOf(protocol: string): number {
    return Number(protocol.slice(protocol.lastIndexOf("/") + 1));
  }
}
