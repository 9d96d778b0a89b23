import type { DomainStep } from "@berth/planner";
import type { Connection, Domain, DomainState } from "node-libvirt";
import { AgentError } from "../../agent-error.ts";
import type { DomainStops } from "./domain-stops.ts";
import { isAnswer, isLibvirtCode, isUnknownFlag } from "./libvirt-failure.ts";

/** How long libvirt may take to destroy a guest. @default 2 min: a frozen QEMU takes 10 s, a slow host 80 s */
const destroyDeadlineMs = 120_000;
/** How long a start may take. @default 5 min: restoring a managed save image reads the guest's whole memory */
const startDeadlineMs = 300_000;

/** Steps whose effect is there where the domain is not: a transient one vanishes by stopping. */
const endsWithout: ReadonlySet<DomainStep["kind"]> = new Set([
  "shutdown-domain",
  "destroy-domain",
  "undefine-domain",
  "remove-managed-save",
]);

/**
 * Carries out domain steps on a connection that may change things. Each ends with its effect there; where libvirt
 * refuses because the effect was there before, that is success, so a pass can be repeated after a crash.
 */
export class DomainPerformer {
  readonly #connection: Connection;
  readonly #stops: DomainStops;

  constructor(components: { readonly connection: Connection; readonly stops: DomainStops }) {
    this.#connection = components.connection;
    this.#stops = components.stops;
  }

  async perform(step: DomainStep, signal?: AbortSignal, mayBegin: () => void = () => {}): Promise<void> {
    const { domains } = this.#connection;
    if (step.kind === "define-domain") return void (await domains.define(step.xml));
    const domain = await this.#find(step.domain);
    if (domain === undefined) {
      if (endsWithout.has(step.kind)) return;
      throw new AgentError("NOT_FOUND", `Domain not found: no domain with matching name '${step.domain}'`);
    }
    switch (step.kind) {
      case "start-domain":
        return this.#start(domain, step.paused, step.discardSave);
      case "resume-domain":
        return this.#move(domain, ["paused"], "running", async () => {
          mayBegin();
          await domains.resume(domain);
        });
      case "wake-domain":
        return this.#move(domain, ["pm-suspended"], "running", async () => {
          mayBegin();
          await domains.wake(domain);
        });
      case "suspend-domain":
        return this.#move(domain, ["running", "blocked"], "paused", () => domains.suspend(domain));
      case "shutdown-domain":
        return this.#shutdown(domain, step.timeoutMs, signal);
      case "destroy-domain":
        return this.#destroy(domain);
      case "undefine-domain":
        return this.#undefine(domain);
      case "remove-managed-save":
        return this.#removeManagedSave(domain);
      case "set-vcpus":
        return domains.setVcpus(domain, step.count, { live: step.live, config: step.config });
      case "set-memory":
        return domains.setMemoryKib(domain, step.kib, { live: step.live, config: step.config });
      case "set-domain-autostart":
        return this.#setAutostart(domain, step.autostart);
    }
  }

  async #start(domain: Domain, paused: boolean, discardSave: boolean): Promise<void> {
    const { domains } = this.#connection;
    if (discardSave) await this.#removeManagedSave(domain);
    await this.#move(domain, ["shutoff", "crashed"], paused ? "paused" : "running", () => this.#create(domain, paused));
    // A managed save image remembers whether the guest ran or was paused, and some drivers go by that.
    const { state } = await domains.state(domain);
    if (!paused && state === "paused") await domains.resume(domain);
    if (paused && state === "running") await domains.suspend(domain);
  }

  /** Starts the domain, paused where the driver can: the others leave it running, for the caller to suspend. */
  async #create(domain: Domain, paused: boolean): Promise<void> {
    const { domains } = this.#connection;
    try {
      await domains.create(domain, { paused }, { deadlineMs: startDeadlineMs });
    } catch (error) {
      if (!paused || !isUnknownFlag(error)) throw error;
      await domains.create(domain, {}, { deadlineMs: startDeadlineMs });
    }
  }

  /**
   * Does `act`, which leads from one of some states to the wanted one. Drivers disagree about the code of a refusal, so
   * the state decides: wanted already is fine, not a state to begin with is invalid, anything else is as libvirt says.
   */
  async #move(
    domain: Domain,
    from: readonly DomainState[],
    wanted: DomainState,
    act: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isAnswer(error)) throw error;
      const state = await this.#stateOf(domain);
      if (state === wanted) return;
      if (state === undefined || from.includes(state)) throw error;
      throw new AgentError("OPERATION_INVALID", error.message, { cause: error });
    }
  }

  /** The test driver accepts it for a transient domain, and forgets it. */
  async #setAutostart(domain: Domain, autostart: boolean): Promise<void> {
    const { domains } = this.#connection;
    if (!(await domains.isPersistent(domain))) {
      throw new AgentError("OPERATION_INVALID", `cannot set autostart for transient domain '${domain.name}'`);
    }
    await domains.setAutostart(domain, autostart);
  }

  async #shutdown(domain: Domain, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const stop = this.#stops.expect(domain.uuid);
    try {
      if (!(await this.#isActive(domain))) return;
      if (!(await this.#askToShutDown(domain))) return await this.#destroy(domain);
      // The event may have come before the listener did, or not at all where a driver sends none.
      if (!(await this.#isActive(domain))) return;
      const outcome = await stop.within(timeoutMs, signal);
      if (outcome === "aborted") throw new AgentError("ABORTED", `gave up waiting for '${domain.name}' to shut down`);
      if (outcome === "lost") throw new AgentError("HYPERVISOR_LOST", "the connection to libvirt was lost");
      if (outcome === "timeout") await this.#destroy(domain);
    } finally {
      stop.cancel();
    }
  }

  /** False where the guest cannot be asked: paused, or nothing in it could hear. */
  async #askToShutDown(domain: Domain): Promise<boolean> {
    try {
      await this.#connection.domains.shutdown(domain);
      return true;
    } catch (error) {
      // It stopped by itself just before it was asked; the caller looks for that.
      if (isAnswer(error) && !(await this.#isActive(domain))) return true;
      const cannot = ["VIR_ERR_OPERATION_INVALID", "VIR_ERR_OPERATION_UNSUPPORTED", "VIR_ERR_NO_SUPPORT"];
      if (isLibvirtCode(error, ...cannot)) return false;
      throw error;
    }
  }

  async #destroy(domain: Domain): Promise<void> {
    try {
      await this.#connection.domains.destroy(domain, {}, { deadlineMs: destroyDeadlineMs });
    } catch (error) {
      // Gone meanwhile: a transient domain that stopped by itself, or one that was off already.
      if (!isAnswer(error) || (await this.#isActive(domain))) throw error;
    }
  }

  async #removeManagedSave(domain: Domain): Promise<void> {
    const { domains } = this.#connection;
    if (await domains.hasManagedSave(domain)) await domains.removeManagedSave(domain);
  }

  /**
   * With everything that libvirt keeps beside a definition. Drivers refuse flags they do not know, so the flags are
   * given up one group after another.
   */
  async #undefine(domain: Domain): Promise<void> {
    const { domains } = this.#connection;
    // A transient domain has no definition; it vanishes when it stops.
    if (!(await domains.isPersistent(domain))) return;
    const attempts = [
      { managedSave: true, snapshotsMetadata: true, checkpointsMetadata: true, nvram: true },
      { managedSave: true, snapshotsMetadata: true },
      { managedSave: true },
    ];
    for (const flags of attempts) {
      try {
        return await domains.undefine(domain, flags);
      } catch (error) {
        if (!isUnknownFlag(error) && !isLibvirtCode(error, "VIR_ERR_NO_SUPPORT")) throw error;
      }
    }
    await domains.undefine(domain);
  }

  async #find(name: string): Promise<Domain | undefined> {
    try {
      return await this.#connection.domains.lookupByName(name);
    } catch (error) {
      if (isLibvirtCode(error, "VIR_ERR_NO_DOMAIN")) return undefined;
      throw error;
    }
  }

  async #isActive(domain: Domain): Promise<boolean> {
    try {
      return await this.#connection.domains.isActive(domain);
    } catch (error) {
      if (isLibvirtCode(error, "VIR_ERR_NO_DOMAIN")) return false;
      throw error;
    }
  }

  async #stateOf(domain: Domain): Promise<DomainState | undefined> {
    try {
      return (await this.#connection.domains.state(domain)).state;
    } catch (error) {
      if (isLibvirtCode(error, "VIR_ERR_NO_DOMAIN")) return undefined;
      throw error;
    }
  }
}
