import { setTimeout as delay } from "node:timers/promises";
import { type Act, eitherPassed, type GuestId } from "@berth/claims";
import type { Step } from "@berth/planner";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import { ActLanes, type LaneName, lanePlaces } from "./act-lanes.ts";
import { CalmLoop } from "./calm-loop.ts";
import { type ConnectionName, withDeadline } from "./host-hypervisors.ts";

/** How an act ended. */
export interface ActEnd {
  readonly outcome: "done" | "failed";
  readonly reason?: string;
}

/** What acts are carried out with. */
export interface ActComponents {
  readonly clock: HostClock;
  /** The connection of a guest's hypervisor. */
  readonly hypervisorOf: (guest: GuestId, which: ConnectionName) => Promise<Hypervisor>;
  /** Gives up a connection on which something hangs. */
  readonly retire: (guest: GuestId, which: ConnectionName) => void;
  /** Networks, disk and definition of a guest are there when it resolves. */
  readonly prepare: (guest: GuestId) => Promise<void>;
  /** Lets libvirt's hook know, while `start` is under way, that it is the agent's own. */
  readonly ownStart: (guest: GuestId, start: () => Promise<void>) => Promise<void>;
  /** The state in which the guest was seen last, where it matters how one begins. */
  readonly stateOf: (guest: GuestId) => string | undefined;
  readonly shutdownTimeoutMs: number;
  /** @default those for libvirt */
  readonly lanePlaces?: Readonly<Record<LaneName, number>>;
  /** @default this process's own */
  readonly loop?: Pick<CalmLoop, "whenCalm">;
}

/** After this long an act is told as failed and its connection given up. The protocol gives up at 60 s. */
const deadlines = { "start-paused": 55_000, resume: 5_000, suspend: 5_000, destroy: 30_000, "clear-autostart": 5_000 };

/** With more acts than these under way, starts and resumes wait for a calm loop; fewer never wait. @default 4 */
const fewActs = 4;

/** Between two resumes of one guest. @default 1 s: the first one waits for nothing, and a full disk is tried once a second */
const resumePauseMs = 1_000;

const why = { tag: "live" } as const;

/**
 * Carries out the protocol's acts. Acts of different guests run side by side, and force never waits behind a start: each
 * kind has its own few places.
 */
export class ActPerformer {
  readonly #parts: ActComponents;
  readonly #lanes: ActLanes;
  readonly #loop: Pick<CalmLoop, "whenCalm">;
  readonly #underWay = new Map<Act, number>();
  readonly #forces = new Map<string, Promise<void>>();
  /** Boot time at which guests were resumed within the last pause. */
  readonly #resumedMs = new Map<GuestId, number>();

  constructor(components: ActComponents) {
    this.#parts = components;
    this.#lanes = new ActLanes(components.lanePlaces ?? lanePlaces);
    this.#loop = components.loop ?? new CalmLoop();
  }

  /** Acts that have begun or wait for a place, with the boot time at which they were ordered. */
  get underWay(): ReadonlyMap<Act, number> {
    return this.#underWay;
  }

  /** Never rejects, and never answers in the turn in which it was called. */
  async perform(act: Act): Promise<ActEnd> {
    this.#underWay.set(act, this.#parts.clock.now().bootMs);
    try {
      await this.#once(act);
      return { outcome: "done" };
    } catch (error) {
      return { outcome: "failed", reason: reasonOf(error) };
    } finally {
      this.#underWay.delete(act);
    }
  }

  /**
   * The protocol repeats force every second until it sees its effect. A guest that does not answer would so fill all places;
   * what is under way for it already is the answer to the next one too.
   */
  async #once(act: Act): Promise<void> {
    const run = () =>
      this.#lanes.run(laneOf(act), async () => {
        if (isPaced(act) && this.#underWay.size > fewActs) await this.#loop.whenCalm();
        return this.#carryOut(act);
      });
    if (act.kind === "resume") return this.#resumeCalmly(act.guest, run);
    if (act.kind !== "suspend" && act.kind !== "destroy") return run();
    const key = `${act.kind} ${act.guest}`;
    const work = this.#forces.get(key) ?? run();
    this.#forces.set(key, work);
    try {
      await work;
    } finally {
      if (this.#forces.get(key) === work) this.#forces.delete(key);
    }
  }

  /**
   * QEMU pauses a guest whose disk is full, and again at once when it is resumed. That succeeds each time, so nothing else would
   * slow it down. The wait comes before the place, which others may have meanwhile.
   */
  async #resumeCalmly(guest: GuestId, run: () => Promise<void>): Promise<void> {
    const nowMs = () => this.#parts.clock.now().bootMs;
    const waitMs = (this.#resumedMs.get(guest) ?? Number.NEGATIVE_INFINITY) + resumePauseMs - nowMs();
    if (waitMs > 0) await delay(waitMs);
    await run();
    for (const [name, atMs] of this.#resumedMs) if (atMs + resumePauseMs <= nowMs()) this.#resumedMs.delete(name);
    this.#resumedMs.set(guest, nowMs());
  }

  async #carryOut(act: Act): Promise<void> {
    const { guest } = act;
    const base = { domain: guest, reason: act.why, ...why };
    switch (act.kind) {
      case "start-paused":
        return this.#within(act, "calm", (hypervisor) => this.#startPaused(act, hypervisor));
      case "resume": {
        const state = this.#parts.stateOf(guest);
        if (state === "crashed") return this.#within(act, "final", (hypervisor) => this.#clear(act, hypervisor));
        const kind = state === "pm-suspended" ? "wake-domain" : "resume-domain";
        return this.#within(act, "urgent", (hypervisor) => {
          return hypervisor.perform({ kind, ...base }, undefined, () => this.#requireTime(act));
        });
      }
      case "suspend":
        return this.#within(act, "urgent", (hypervisor) => hypervisor.perform({ kind: "suspend-domain", ...base }));
      case "destroy":
        return this.#within(act, "final", (hypervisor) => hypervisor.perform({ kind: "destroy-domain", ...base }));
      case "shutdown":
        return this.#shutDown(act);
      case "clear-autostart": {
        const step: Step = { kind: "set-domain-autostart", autostart: false, ...base };
        return this.#within(act, "calm", (hypervisor) => hypervisor.perform(step));
      }
    }
  }

  /** A crashed guest is not resumed but started anew, once the next look shows that what is left of it is gone. */
  async #clear(act: Act, hypervisor: Hypervisor): Promise<never> {
    await hypervisor.perform({ kind: "destroy-domain", domain: act.guest, reason: act.why, ...why });
    throw new AgentError("ABORTED", "it had crashed; what was left of it is cleared away, and it is started anew");
  }

  /**
   * What is left of a guest that crashed goes first: libvirt may still hold its process. Once told as failed it is not begun any
   * more: the protocol may have given the guest away meanwhile.
   */
  async #startPaused(act: Act, hypervisor: Hypervisor): Promise<void> {
    const base = { domain: act.guest, reason: act.why, ...why };
    if (this.#parts.stateOf(act.guest) === "crashed") await hypervisor.perform({ kind: "destroy-domain", ...base });
    await this.#parts.prepare(act.guest);
    // Memory that was saved here may be older than a disk that another host wrote to since.
    const step: Step = { kind: "start-domain", paused: true, discardSave: true, ...base };
    this.#requireHeard(act);
    await this.#parts.ownStart(act.guest, () => hypervisor.perform(step));
  }

  #requireHeard(act: Act): void {
    if (!this.#underWay.has(act)) throw new AgentError("ABORTED", "it was told as failed meanwhile");
  }

  /** Looked at right before the call that resumes: whatever came before it may have taken too long. */
  #requireTime(act: Extract<Act, { kind: "resume" }>): void {
    this.#requireHeard(act);
    if (eitherPassed(act.notAfter, this.#parts.clock.now())) {
      throw new AgentError("ABORTED", "the lease in which it may be resumed ends before it could begin");
    }
  }

  /**
   * Asks, and waits for the guest as long as the configuration says; then it is destroyed. The wait has no deadline of its
   * own and holds no place that others need: a destroy that the protocol orders meanwhile overtakes it.
   */
  async #shutDown(act: Act): Promise<void> {
    const hypervisor = await this.#parts.hypervisorOf(act.guest, "calm");
    const { shutdownTimeoutMs: timeoutMs } = this.#parts;
    await hypervisor.perform({ kind: "shutdown-domain", domain: act.guest, timeoutMs, reason: act.why, ...why });
  }

  async #within(
    act: Act & { readonly kind: keyof typeof deadlines },
    which: ConnectionName,
    work: (hypervisor: Hypervisor) => Promise<void>,
  ): Promise<void> {
    const { guest, kind } = act;
    const run = async () => work(await this.#parts.hypervisorOf(guest, which));
    const ms = deadlines[kind];
    const late = `the hypervisor did not answer for ${ms / 1000} s`;
    try {
      await withDeadline(run(), ms, late);
    } catch (error) {
      if (error instanceof AgentError && error.message === late) this.#parts.retire(guest, which);
      throw error;
    }
  }
}

/** What adds to the work of this host may wait; what takes guests off it may not. */
function isPaced({ kind }: Act): boolean {
  return kind === "start-paused" || kind === "resume";
}

function laneOf(act: Act): LaneName {
  switch (act.kind) {
    case "start-paused":
      return "starts";
    case "resume":
      return "resumes";
    case "suspend":
      return "suspends";
    case "destroy":
      return "destroys";
    case "shutdown":
      return "shutdowns";
    case "clear-autostart":
      return "definitions";
  }
}
