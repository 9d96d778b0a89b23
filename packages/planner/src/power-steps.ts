/**
 * How a guest gets from the state it is in to the state it should have: one table, read by state and goal.
 *
 * Three rules shape it. A guest is asked to power off before it is destroyed, unless it cannot hear. A guest is started
 * or resumed only where it may run; a paused one that may not run is destroyed, since it cannot power off without
 * running. Under peers a guest starts paused and is resumed after its claim was looked at once more.
 */
import type { GuestIntent } from "./guest-intent.ts";
import type { StartState } from "./start-state.ts";
import type { DomainStep } from "./step.ts";

/** The steps that change whether the guest runs, without define, undefine or autostart. */
export function powerSteps(intent: GuestIntent, start: StartState, shutdownTimeoutMs: number): DomainStep[] {
  const moves = new PowerMoves(intent, start, shutdownTimeoutMs);
  switch (intent.goal) {
    case "running":
      return moves.toRunning();
    case "suspended":
      return intent.mayRun ? moves.toSuspended() : moves.toHarmless();
    case "down":
    case "deleted":
      return moves.toOff();
    case "unchanged":
      return [];
  }
}

/** Whether the guest boots, or restores saved memory, in these steps. */
export function startsGuest(steps: readonly { readonly kind: string }[]): boolean {
  return steps.some((step) => step.kind === "start-domain");
}

/** The moves of one guest. */
class PowerMoves {
  readonly #intent: GuestIntent;
  readonly #start: StartState;
  readonly #timeoutMs: number;

  constructor(intent: GuestIntent, start: StartState, timeoutMs: number) {
    this.#intent = intent;
    this.#start = start;
    this.#timeoutMs = timeoutMs;
  }

  toRunning(): DomainStep[] {
    switch (this.#start.power) {
      case "running":
        return [];
      case "paused":
        return [this.#resume("it is paused and promised to run")];
      case "asleep":
        return [this.#step({ kind: "wake-domain" }, "it put itself to sleep and is promised to run")];
      case "absent":
      case "off":
        return this.#boot("it is promised to run");
      case "crashed":
        return [this.#clear(), ...this.#boot("it crashed and is promised to run", "restart")];
      case "shutting-down":
        return [this.#shutdown("it is on its way down"), ...this.#boot("it is promised to run", "restart")];
    }
  }

  toSuspended(): DomainStep[] {
    switch (this.#start.power) {
      case "running":
        return [this.#suspend()];
      case "paused":
      case "asleep":
        return [];
      case "absent":
      case "off":
        return [this.#startPaused("it is promised to be suspended")];
      case "crashed":
        return [this.#clear(), this.#startPaused("it crashed and is promised to be suspended")];
      case "shutting-down":
        return [this.#shutdown("it is on its way down"), this.#startPaused("it is promised to be suspended")];
    }
  }

  /** Suspended where the guest may not run: nothing is started, and nothing may wake by itself. */
  toHarmless(): DomainStep[] {
    switch (this.#start.power) {
      case "running":
        return [this.#suspend()];
      case "absent":
      case "off":
      case "paused":
        return [];
      case "crashed":
        return [this.#clear()];
      case "asleep":
        return [this.#destroy("it sleeps, could wake by itself, and may not run here")];
      case "shutting-down":
        return [this.#shutdown("it is on its way down")];
    }
  }

  toOff(): DomainStep[] {
    switch (this.#start.power) {
      case "absent":
      case "off":
        return [];
      case "running":
        return [this.#shutdown(this.#whyOff())];
      case "shutting-down":
        return [this.#shutdown("it is on its way down")];
      case "crashed":
        return [this.#clear()];
      case "asleep":
        return [this.#destroy(`${this.#whyOff()}; asleep, it cannot hear a request to power off`)];
      case "paused":
        if (!this.#intent.mayRun) {
          return [this.#destroy(`${this.#whyOff()}; paused, and not to run here, it cannot power off`)];
        }
        return [this.#resume("paused, it cannot hear a request to power off"), this.#shutdown(this.#whyOff())];
    }
  }

  #whyOff(): string {
    if (this.#intent.goal === "deleted") return "it is promised to be deleted";
    return this.#intent.promise.state === "down" ? "it is promised to be down" : "it may not run here";
  }

  #boot(reason: string, tag: "live" | "restart" = "live"): DomainStep[] {
    if (!this.#intent.hasPeers) {
      const restored = this.#start.managedSave ? `${reason}; its saved memory is restored` : reason;
      return [this.#step({ kind: "start-domain", paused: false, discardSave: false }, restored, tag)];
    }
    return [
      this.#startPaused(`${reason}; paused until its claim is seen to hold`, tag),
      this.#resume("its claim holds and it is promised to run"),
    ];
  }

  #startPaused(reason: string, tag: "live" | "restart" = "live"): DomainStep {
    // Memory that was saved here may be older than a disk that another host wrote to since.
    const discardSave = this.#intent.hasPeers && this.#start.managedSave;
    const discarded = discardSave ? `${reason}; its saved memory may be older than its disk and is dropped` : reason;
    return this.#step({ kind: "start-domain", paused: true, discardSave }, discarded, tag);
  }

  #resume(reason: string): DomainStep {
    return this.#step({ kind: "resume-domain" }, reason);
  }

  #suspend(): DomainStep {
    const isPromised = this.#intent.promise.state === "suspended";
    return this.#step(
      { kind: "suspend-domain" },
      isPromised ? "it is promised to be suspended" : "it may not run here",
    );
  }

  #shutdown(reason: string): DomainStep {
    return this.#step({ kind: "shutdown-domain", timeoutMs: this.#timeoutMs }, reason);
  }

  #destroy(reason: string): DomainStep {
    return this.#step({ kind: "destroy-domain" }, reason);
  }

  /** A guest that crashed may have left its process. */
  #clear(): DomainStep {
    return this.#destroy("it crashed, and what is left of it goes");
  }

  #step<Kind extends StepBody>(body: Kind, reason: string, tag: "live" | "restart" = "live"): DomainStep {
    return { ...body, domain: this.#intent.promise.name, reason, tag };
  }
}

type StepBody =
  | { readonly kind: "start-domain"; readonly paused: boolean; readonly discardSave: boolean }
  | { readonly kind: "shutdown-domain"; readonly timeoutMs: number }
  | { readonly kind: "resume-domain" | "wake-domain" | "suspend-domain" | "destroy-domain" };
