import type { Connection } from "node-libvirt";
import { expect, test } from "vitest";
import { DomainPerformer } from "../src/adapters/libvirt/domain-performer.ts";
import { DomainStops } from "../src/adapters/libvirt/domain-stops.ts";
import { AgentError } from "../src/agent-error.ts";

test.each(["resume-domain", "wake-domain"] as const)(
  "%s looks whether it may only after libvirt has found the guest, which may have taken too long",
  async (kind) => {
    const found = Promise.withResolvers<object>();
    const called: string[] = [];
    const call = (name: string) => async () => void called.push(name);
    const domains = { lookupByName: () => found.promise, resume: call("resume"), wake: call("wake") };
    const performer = new DomainPerformer({
      connection: { domains } as unknown as Connection,
      stops: new DomainStops(),
    });
    let leased = true;
    const mayBegin = () => {
      if (!leased) throw new AgentError("ABORTED", "the lease has ended");
    };
    const step = { kind, domain: "web1", tag: "live", reason: "test" } as const;
    const late = performer.perform(step, undefined, mayBegin);
    leased = false;
    found.resolve({ name: "web1", uuid: "u", id: 1 });
    await expect(late).rejects.toThrow("the lease has ended");
    expect(called).toEqual([]);
    leased = true;
    await performer.perform(step, undefined, mayBegin);
    expect(called).toHaveLength(1);
  },
);
