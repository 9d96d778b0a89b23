/** The part of the contract of hypervisors that is about definitions: names, XML, disks, and who sees them. */
import { describe, expect, test } from "vitest";
import type { AgentError } from "../src/agent-error.ts";
import type { ContractGround } from "./contract-host.ts";
import { inWords } from "./domain-words.ts";

/** Declares its tests. */
export function testDefinitions(ground: ContractGround): void {
  describe("definitions", () => {
    test("a definition is kept with what the hypervisor fills in: a UUID, and sizes in KiB", async () => {
      await ground.perform({ kind: "define-domain", domain: "filled", xml: ground.host.guestXml("filled") });
      const xml =
        (await ground.hypervisor.domainXml(["filled", "no such guest"], "inactive")).texts.get("filled") ?? "";
      const { uuid } = (await ground.domainNamed("filled")) ?? {};
      expect(xml).toContain(`<uuid>${uuid}</uuid>`);
      expect(xml).toContain("<memory unit='KiB'>32768</memory>".replaceAll("'", xml.includes("'KiB'") ? "'" : '"'));
      await ground.perform({ kind: "undefine-domain", domain: "filled" });
    });

    test("a vanished name is left out of the XML that was asked for", async () => {
      expect([...(await ground.hypervisor.domainXml(["no such guest"], "active")).texts.keys()]).toEqual([]);
      expect([...(await ground.hypervisor.networkXml(["no such network"], "inactive")).texts.keys()]).toEqual([]);
    });

    test("the XML of both views follows a change of the next boot", async () => {
      const name = "two-views";
      await ground.perform({
        kind: "define-domain",
        domain: name,
        xml: ground.host.guestXml(name, { vcpusMaximum: 2 }),
      });
      await ground.perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      await ground.hypervisor.observe();
      await ground.hypervisor.domainXml([name], "inactive");
      await ground.perform({ kind: "set-vcpus", domain: name, count: 2, live: false, config: true });
      const inactive = (await ground.hypervisor.domainXml([name], "inactive")).texts.get(name);
      const active = (await ground.hypervisor.domainXml([name], "active")).texts.get(name);
      expect(inactive).toMatch(/<vcpu placement=.static.>2<\/vcpu>/);
      expect(active).toMatch(/<vcpu placement=.static. current=.1.>2<\/vcpu>/);
      await ground.remove(name);
    });

    test.each(["with blank", "quote'and\"quote", "<&>", "ümläut-日本", "a;b|c$(d)", "-leading", "%s%n"])(
      "a guest may be called %j",
      async (name) => {
        const escaped = name.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
        await ground.perform({ kind: "define-domain", domain: name, xml: ground.host.guestXml(escaped) });
        expect(inWords(await ground.domainNamed(name))).toBe("off");
        await ground.perform({ kind: "set-domain-autostart", domain: name, autostart: true });
        expect((await ground.domainNamed(name))?.autostart).toBe(true);
        expect([...(await ground.hypervisor.domainXml([name], "inactive")).texts.keys()]).toEqual([name]);
        await ground.perform({ kind: "undefine-domain", domain: name });
        expect(inWords(await ground.domainNamed(name))).toBe("absent");
      },
    );

    test("a name with a slash, broken XML and a second UUID for a name are refused, each with a reason", async () => {
      const refused = async (domain: string, xml: string) =>
        ground.perform({ kind: "define-domain", domain, xml }).then(
          () => "accepted",
          (error: AgentError) => error.code,
        );
      expect(await refused("a/b", ground.host.guestXml("a/b"))).toBe("XML_INVALID");
      expect(await refused("broken", "<domain><name>broken</name>")).toBe("XML_INVALID");
      await ground.perform({ kind: "define-domain", domain: "twice", xml: ground.host.guestXml("twice") });
      const other = "11111111-2222-4333-8444-555555555555";
      expect(await refused("twice", ground.host.guestXml("twice", { uuid: other }))).toBe("OPERATION_FAILED");
      await ground.perform({ kind: "undefine-domain", domain: "twice" });
    });

    test("create-volume makes the disk once, and again is no error", async () => {
      const path = `${ground.host.volumeFolder}/contract.qcow2`;
      const step = { kind: "create-volume", domain: "disk", path, capacityBytes: 10 * 1024 ** 2 } as const;
      expect((await ground.hypervisor.existingVolumes([path])).size).toBe(0);
      await ground.perform(step);
      await ground.perform(step);
      expect([...(await ground.hypervisor.existingVolumes([path, "/nowhere/x.qcow2"]))]).toEqual([path]);
    });

    test("two connections see each other's changes", async () => {
      const other = await ground.host.open();
      await ground.perform({ kind: "define-domain", domain: "shared", xml: ground.host.guestXml("shared") });
      const seen = (await other.observe()).domains.map(({ name }) => name);
      await ground.perform({ kind: "undefine-domain", domain: "shared" });
      await other.close();
      expect(seen).toContain("shared");
    });
  });
}
