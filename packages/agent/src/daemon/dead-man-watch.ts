import type { HostEvent, Now } from "@berth/claims";
import type { DeadManHeartbeat, DeadManLink, DeadManSign } from "../ports/dead-man-link.ts";

/** What the agent knows of its dead-man: signs become events for the protocol, and words for whoever asks. */
export class DeadManWatch {
  readonly #link: DeadManLink;
  #sign: DeadManSign["kind"] = "absent";
  #heartbeat: DeadManHeartbeat | undefined;
  #aliveAt: Now | undefined;

  constructor(components: { readonly link: DeadManLink }) {
    this.#link = components.link;
  }

  get sign(): DeadManSign["kind"] {
    return this.#sign;
  }

  /** The last one ever seen. */
  get heartbeat(): DeadManHeartbeat | undefined {
    return this.#heartbeat;
  }

  /** Reads the heartbeat; the event when it is a new one. */
  look(clock: () => Now): Extract<HostEvent, { kind: "dead-man-alive" }> | undefined {
    const sign = this.#link.sign(clock);
    const now = clock();
    if (sign.kind !== "alive") {
      // Between two polls of the dead-man there is nothing new; that is silence only when it lasts.
      const recent = this.#aliveAt !== undefined && now.bootMs - this.#aliveAt.bootMs < silentMs;
      if (sign.kind !== "silent" || !recent) this.#sign = sign.kind;
      return undefined;
    }
    this.#sign = "alive";
    this.#heartbeat = sign.heartbeat;
    this.#aliveAt = now;
    return { kind: "dead-man-alive", watchdog: sign.heartbeat.watchdog === "fed" };
  }

  /** Why the promise is weaker for its sake, in sentences. @param watchdogMs W of the profile */
  degraded(watchdogMs: number): readonly string[] {
    const heartbeat = this.#heartbeat;
    const reasons: string[] = [];
    if (this.#sign === "absent") reasons.push("no dead-man runs here: no guest is started or resumed");
    if (this.#sign === "silent") reasons.push("the dead-man is silent: no guest is started or resumed");
    if (this.#sign === "other-clocks") reasons.push("the dead-man runs with other clocks than the agent");
    if (heartbeat === undefined) return reasons;
    reasons.push(...heartbeat.degraded);
    if (this.#sign === "alive" && !heartbeat.libvirtUp)
      reasons.push("the dead-man has no connection to the hypervisor: it can kill a guest, not suspend it");
    const { watchdog, watchdogTimeoutMs } = heartbeat;
    if (watchdog === "absent")
      reasons.push("no watchdog device: a hypervisor process that cannot be killed outlives its lease");
    if (watchdog === "failed") reasons.push("the watchdog device cannot be fed");
    if (watchdogTimeoutMs !== undefined && watchdogTimeoutMs > watchdogMs)
      reasons.push(
        `the watchdog device waits ${watchdogTimeoutMs} ms, longer than the ${watchdogMs} ms of the fleet's profile`,
      );
    return reasons;
  }
}

/** A dead-man polls ten times a second; the protocol takes it for alive this long. */
const silentMs = 2_000;
