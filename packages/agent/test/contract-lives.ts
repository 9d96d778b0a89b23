/** The part of the contract of hypervisors that is about lives: how guests end, what is told of them, and brief looks. */
import { describe, expect, test } from "vitest";
import type { LifecycleEvent } from "../src/ports/hypervisor.ts";
import { type ContractGround, stepOf } from "./contract-host.ts";
import { inWords } from "./domain-words.ts";

/** Declares its tests. `guestsPowerOff`: every guest powers off as soon as it is asked, so that nobody ever waits for one. */
export function testLives(ground: ContractGround, traits: { readonly guestsPowerOff: boolean }): void {
  describe("lives of guests", () => {
    test("a domain's life is told in order", async () => {
      const name = "eventful";
      const heard: LifecycleEvent["change"][] = [];
      const gone = Promise.withResolvers<void>();
      const stop = await ground.hypervisor.onLifecycle((event) => {
        if (event.domain !== name) return;
        heard.push(event.change);
        if (event.change === "undefined") gone.resolve();
      });
      await ground.perform({ kind: "define-domain", domain: name, xml: ground.host.guestXml(name) });
      await ground.perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      await ground.perform({ kind: "suspend-domain", domain: name });
      await ground.perform({ kind: "resume-domain", domain: name });
      await ground.remove(name);
      await gone.promise;
      stop();
      // QEMU tells of its own first resume as well, so the order is looked at and not the number.
      const told = ["defined", "started", "suspended", "resumed", "stopped", "undefined"].map((change) =>
        heard.lastIndexOf(change as LifecycleEvent["change"]),
      );
      expect(told).toEqual(told.toSorted((left, right) => left - right));
      expect(told).not.toContain(-1);
    });

    test("a guest that ignores the shutdown request is destroyed after the timeout, and not before", async () => {
      const name = "deaf";
      await ground.perform({ kind: "define-domain", domain: name, xml: ground.host.guestXml(name, { deaf: true }) });
      await ground.perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      const began = performance.now();
      await ground.perform({ kind: "shutdown-domain", domain: name, timeoutMs: 400 });
      const tookMs = performance.now() - began;
      expect(inWords(await ground.domainNamed(name))).toBe("off");
      if (!traits.guestsPowerOff) expect(tookMs).toBeGreaterThan(399);
      await ground.perform({ kind: "undefine-domain", domain: name });
    });

    test("shutting down ends as soon as the guest has stopped, and not with the timeout", async () => {
      const name = "obedient";
      await ground.perform({ kind: "define-domain", domain: name, xml: ground.host.guestXml(name, { deaf: true }) });
      await ground.perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      const began = performance.now();
      const shutdown = ground.perform({ kind: "shutdown-domain", domain: name, timeoutMs: 600_000 });
      // Stands for the guest that powers off: to whoever waits, a stopped guest is a stopped guest.
      await ground.perform({ kind: "destroy-domain", domain: name });
      await shutdown;
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(inWords(await ground.domainNamed(name))).toBe("off");
      await ground.perform({ kind: "undefine-domain", domain: name });
    });

    if (!traits.guestsPowerOff) {
      test("waiting for a guest to shut down ends at once when it is aborted, and leaves the guest to its shutdown", async () => {
        const name = "aborted";
        await ground.perform({ kind: "define-domain", domain: name, xml: ground.host.guestXml(name, { deaf: true }) });
        await ground.perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
        const aborted = ground.hypervisor.perform(
          stepOf({ kind: "shutdown-domain", domain: name, timeoutMs: 60_000 }),
          AbortSignal.timeout(50),
        );
        await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
        expect(inWords(await ground.domainNamed(name))).toBe("running");
        await ground.remove(name);
      });
    }

    test("a brief look tells the states of now, a domain that has just come among them", async () => {
      const stateNow = async (name: string) => {
        const { domains } = await ground.hypervisor.observe({ brief: true });
        return domains.find((domain) => domain.name === name)?.state ?? "absent";
      };
      await ground.hypervisor.observe();
      expect(await stateNow("brief")).toBe("absent");
      await ground.perform({ kind: "define-domain", domain: "brief", xml: ground.host.guestXml("brief") });
      expect(await stateNow("brief")).toBe("shutoff");
      await ground.perform({ kind: "start-domain", domain: "brief", paused: true, discardSave: false });
      expect(await stateNow("brief")).toBe("paused");
      await ground.remove("brief");
      expect(await stateNow("brief")).toBe("absent");
    });

    test("a brief look after a change of our own tells what was changed, autostart among it", async () => {
      const domain = "brief-flags";
      const autostartNow = async () => {
        const { domains } = await ground.hypervisor.observe({ brief: true });
        return domains.find(({ name }) => name === domain)?.autostart;
      };
      await ground.perform({ kind: "define-domain", domain, xml: ground.host.guestXml(domain) });
      expect(await autostartNow()).toBe(false);
      await ground.perform({ kind: "set-domain-autostart", domain, autostart: true });
      expect(await autostartNow()).toBe(true);
      await ground.perform({ kind: "set-domain-autostart", domain, autostart: false });
      expect(await autostartNow()).toBe(false);
      await ground.perform({ kind: "undefine-domain", domain });
    });

    test("wake-domain is refused for a guest that sleeps in no way, and fine for one that is awake", async () => {
      const name = "sleepless";
      await ground.perform({ kind: "define-domain", domain: name, xml: ground.host.guestXml(name) });
      const look = async () => inWords(await ground.domainNamed(name));
      expect(await ground.outcomeOf({ kind: "wake-domain", domain: name }, look)).toBe("OPERATION_INVALID");
      await ground.perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      expect(await ground.outcomeOf({ kind: "wake-domain", domain: name }, look)).toBe("running");
      await ground.remove(name);
    });
  });
}
