/**
 * How many acts may be at the hypervisor at the same moment, by kind.
 *
 * libvirtd serves five calls of a connection at once and lets the others wait, so each connection has four places at most:
 * suspends and resumes share one, destroys have one, and starts use the third with what makes them ready. A shutdown mostly
 * waits for the guest and holds no call while it does.
 */
import { availableParallelism } from "node:os";
import { Semaphore } from "../semaphore.ts";

/** Names of the lanes. */
export type LaneName = "starts" | "resumes" | "suspends" | "destroys" | "shutdowns" | "definitions";

/** Places per lane. Starts: twice the processors, as measured, but no more than leave room for the rest. */
export const lanePlaces: Readonly<Record<LaneName, number>> = {
  starts: Math.min(3, 2 * availableParallelism()),
  resumes: 1,
  suspends: 3,
  destroys: 4,
  shutdowns: 64,
  definitions: 1,
};

/** At a hypervisor that writes its whole state once for all changes that come together, waiting in a line would make it write more. */
export const embeddedLanePlaces: Readonly<Record<LaneName, number>> = {
  starts: 16,
  resumes: 16,
  suspends: 64,
  destroys: 64,
  shutdowns: 64,
  definitions: 64,
};

/** The places of one host. */
export class ActLanes {
  readonly #lanes: Readonly<Record<LaneName, Semaphore>>;

  constructor(places: Readonly<Record<LaneName, number>>) {
    const lane = (name: LaneName) => new Semaphore(places[name]);
    this.#lanes = {
      starts: lane("starts"),
      resumes: lane("resumes"),
      suspends: lane("suspends"),
      destroys: lane("destroys"),
      shutdowns: lane("shutdowns"),
      definitions: lane("definitions"),
    };
  }

  run<Result>(name: LaneName, work: () => Promise<Result>): Promise<Result> {
    return this.#lanes[name].run(work);
  }
}
