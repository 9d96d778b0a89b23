import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type PrivateLibvirtd, startLibvirtd } from "../../../test/support/libvirtd.ts";
import { type TinyGuestInit, tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { type Connection, connect, type Domain } from "../src/index.ts";

let host: PrivateLibvirtd;
let connection: Connection;

beforeAll(async () => {
  host = await startLibvirtd({ hostname: "qemu-host" });
  connection = await connect(host.qemuUri());
});

afterEach(async () => {
  for (const domain of await connection.domains.list({ active: true })) await connection.domains.destroy(domain);
  for (const domain of await connection.domains.list())
    await connection.domains.undefine(domain, { managedSave: true });
});

afterAll(async () => {
  await connection?.close();
  await host?.stop();
});

function define(init: Partial<TinyGuestInit> = {}): Promise<Domain> {
  return connection.domains.define(tinyGuestXml({ name: "g1", ...init }));
}

async function stateOf(domain: Domain): Promise<string> {
  const { state, reason } = await connection.domains.state(domain);
  return `${state} ${reason}`;
}

function names(handles: readonly { name: string }[]): string[] {
  return handles.map(({ name }) => name).sort();
}

describe("a QEMU host", () => {
  it("tells what it is and what it can do", async () => {
    expect(await connection.host.type()).toBe("QEMU");
    expect(await connection.host.uri()).toBe("qemu:///system");
    expect(await connection.host.hostname()).toBe("qemu-host");
    expect(await connection.host.libvirtVersion()).toBeGreaterThan(9_000_000 - 1);
    expect(await connection.host.hypervisorVersion()).toBeGreaterThan(1_000_000);
    expect(await connection.host.capabilities()).toContain(`<uuid>${host.hostUuid}</uuid>`);
    expect(await connection.host.domainCapabilities({ type: "qemu", arch: "x86_64" })).toContain(
      "<domain>qemu</domain>",
    );
    expect(await connection.host.domainCapabilities()).toContain("<domainCapabilities>");
    const node = await connection.host.nodeInfo();
    expect(node.model).toBe(process.arch === "x64" ? "x86_64" : "aarch64");
    expect(node.cpus).toBeGreaterThan(0);
    expect(node.memoryKib * 1024).toBeGreaterThan(await connection.host.freeMemoryBytes());
  });
});

describe("a QEMU guest", () => {
  it("is defined, started, paused, resumed, reset and destroyed, and its events say so", async () => {
    const events: string[] = [];
    const subscription = await connection.domains.onLifecycle(({ domain, event, detail }) =>
      events.push(`${domain.name} ${event} ${detail}`),
    );
    const defined = await define();
    expect(defined).toMatchObject({ name: "g1", id: -1, uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await stateOf(defined)).toBe("shutoff unknown");
    expect(await connection.domains.isActive(defined)).toBe(false);

    const started = await connection.domains.create(defined);
    expect(started.id).toBeGreaterThan(0);
    expect(await stateOf(started)).toBe("running booted");
    expect(await connection.domains.lookupById(started.id)).toEqual(started);
    await connection.domains.suspend(started);
    expect(await stateOf(started)).toBe("paused user");
    await connection.domains.resume(started);
    expect(await stateOf(started)).toBe("running unpaused");
    await connection.domains.reset(started);
    await connection.domains.destroy(started);
    expect(await stateOf(started)).toBe("shutoff destroyed");
    await connection.domains.undefine(started);
    await expect(connection.domains.lookupByName("g1")).rejects.toMatchObject({ code: "VIR_ERR_NO_DOMAIN" });

    await vi.waitFor(() => expect(events.at(-1)).toBe("g1 undefined removed"));
    expect(events).toContain("g1 resumed unpaused");
    // QEMU may add a "resumed" of its own to the start, and a "shutdown" to the end where it has the time to.
    expect(events.filter((event) => !/ (resumed|shutdown) /.test(event))).toEqual([
      "g1 defined added",
      "g1 started booted",
      "g1 suspended paused",
      "g1 stopped destroyed",
      "g1 undefined removed",
    ]);
    await subscription.unsubscribe();
    await define();
    expect(events.at(-1)).toBe("g1 undefined removed");
  });

  it("starts paused when asked to, and runs after resume", async () => {
    const domain = await connection.domains.create(await define(), { paused: true });
    expect(await stateOf(domain)).toBe("paused user");
    await connection.domains.resume(domain);
    expect(await stateOf(domain)).toBe("running unpaused");
  });

  it("really runs: its ROM writes to the serial port", async () => {
    await connection.domains.create(await define({ serialFile: "/run/g1.log" }));
    await vi.waitFor(async () => expect((await host.run("cat", "/run/g1.log")).stdout).toContain("rom up"));
  });

  it("without a definition is transient: it vanishes when it stops", async () => {
    const domain = await connection.domains.createXml(tinyGuestXml({ name: "passing" }));
    expect(await connection.domains.isPersistent(domain)).toBe(false);
    expect(names(await connection.domains.list({ transient: true }))).toEqual(["passing"]);
    await connection.domains.destroy(domain);
    await expect(connection.domains.state(domain)).rejects.toMatchObject({ code: "VIR_ERR_NO_DOMAIN" });
  });

  it("is asked to stop or to restart, which this one does not hear", async () => {
    const domain = await connection.domains.create(await define());
    await connection.domains.shutdown(domain, { acpi: true });
    await connection.domains.reboot(domain);
    // It does not sleep, and cannot be woken.
    await expect(connection.domains.wake(domain)).rejects.toMatchObject({
      procedure: "DOMAIN_PM_WAKEUP",
      libvirt: { level: 2 },
    });
    expect(await connection.domains.isActive(domain)).toBe(true);
  });

  it("is saved with its memory and comes back as it was, unless a fresh boot is forced", async () => {
    const domain = await connection.domains.create(await define());
    expect(await connection.domains.hasManagedSave(domain)).toBe(false);
    await connection.domains.managedSave(domain);
    expect(await stateOf(domain)).toBe("shutoff saved");
    expect(await connection.domains.hasManagedSave(domain)).toBe(true);
    expect(names(await connection.domains.list({ managedSave: true }))).toEqual(["g1"]);
    await expect(connection.domains.undefine(domain)).rejects.toMatchObject({ code: "VIR_ERR_OPERATION_INVALID" });

    await connection.domains.create(domain);
    expect(await stateOf(domain)).toBe("running restored");
    await connection.domains.managedSave(domain, { paused: true });
    await connection.domains.create(domain, { forceBoot: true });
    expect(await stateOf(domain)).toBe("running booted");

    await connection.domains.managedSave(domain);
    await connection.domains.removeManagedSave(domain);
    expect(await connection.domains.hasManagedSave(domain)).toBe(false);
    await connection.domains.undefine(domain);
  });

  it("has its processors and memory changed now, at the next start, or both", async () => {
    const domain = await connection.domains.create(await define({ vcpus: 1, vcpusMaximum: 4 }));
    await connection.domains.setVcpus(domain, 2, { live: true });
    await connection.domains.setVcpus(domain, 3, { config: true });
    expect(await connection.domains.vcpus(domain, { live: true })).toBe(2);
    expect(await connection.domains.vcpus(domain, { config: true })).toBe(3);
    await connection.domains.setVcpus(domain, 8, { config: true, maximum: true });
    expect(await connection.domains.vcpus(domain, { config: true, maximum: true })).toBe(8);
    expect(await connection.domains.vcpus(domain, { live: true, maximum: true })).toBe(4);

    await connection.domains.setMemoryKib(domain, 65_536, { config: true, maximum: true });
    await connection.domains.setMemoryKib(domain, 49_152, { config: true });
    expect(await connection.domains.xml(domain)).toContain("<memory unit='KiB'>32768</memory>");
    const next = await connection.domains.xml(domain, { inactive: true });
    expect(next).toContain("<memory unit='KiB'>65536</memory>");
    expect(next).toContain("<currentMemory unit='KiB'>49152</currentMemory>");
    expect(await connection.domains.info(domain)).toMatchObject({
      state: "running",
      memoryMaximumKib: 32_768,
      vcpus: 2,
    });
  });

  it("keeps a title, a description and elements of others", async () => {
    const domain = await define();
    const namespace = "urn:berth:test";
    await connection.domains.setMetadata(domain, "title", "Web server");
    await connection.domains.setMetadata(domain, "description", "Serves\nthe web");
    await connection.domains.setMetadata(domain, "element", "<owner>h1</owner>", "b", namespace, { config: true });
    expect(await connection.domains.metadata(domain, "title")).toBe("Web server");
    expect(await connection.domains.metadata(domain, "description")).toBe("Serves\nthe web");
    expect(await connection.domains.metadata(domain, "element", namespace)).toContain("<owner>h1</owner>");
    await connection.domains.setMetadata(domain, "element", null, "b", namespace);
    const gone = connection.domains.metadata(domain, "element", namespace);
    await expect(gone).rejects.toMatchObject({ code: "VIR_ERR_NO_DOMAIN_METADATA" });
  });

  it("starts with the host when it is marked so, can be found by that, and can be renamed", async () => {
    const domain = await define();
    expect(await connection.domains.autostart(domain)).toBe(false);
    await connection.domains.setAutostart(domain, true);
    expect(await connection.domains.autostart(domain)).toBe(true);
    expect(names(await connection.domains.list({ autostart: true }))).toEqual(["g1"]);
    await connection.domains.setAutostart(domain, false);
    await connection.domains.rename(domain, "g2");
    expect(await connection.domains.lookupByUuid(domain.uuid)).toMatchObject({ name: "g2", uuid: domain.uuid });
  });

  it("is found by every filter that fits, and by none that does not", async () => {
    await define({ name: "off" });
    await connection.domains.create(await define({ name: "on" }));
    await connection.domains.create(await define({ name: "held" }), { paused: true });
    const { list } = connection.domains;
    expect(names(await list())).toEqual(["held", "off", "on"]);
    expect(names(await list({ active: true }))).toEqual(["held", "on"]);
    expect(names(await list({ inactive: true }))).toEqual(["off"]);
    expect(names(await list({ running: true }))).toEqual(["on"]);
    expect(names(await list({ paused: true, shutoff: true }))).toEqual(["held", "off"]);
    expect(names(await list({ persistent: true, noAutostart: true, noManagedSave: true }))).toEqual([
      "held",
      "off",
      "on",
    ]);
    expect(names(await list({ transient: true }))).toEqual([]);
  });

  it("is told of in bulk with state, processors and memory, running or not", async () => {
    await define({ name: "off", vcpusMaximum: 2 });
    await connection.domains.create(await define({ name: "on", vcpusMaximum: 2 }));
    const stats = await connection.domains.allStats({ state: true, vcpu: true, balloon: true });
    const byName = new Map(stats.map((one) => [one.domain.name, one]));
    const memory = { currentKib: 32_768, maximumKib: 32_768 };
    expect(byName.get("on")).toMatchObject({ state: { state: "running", reason: "booted" }, balloon: memory });
    expect(byName.get("on")?.vcpu).toEqual({ current: 1, maximum: 2 });
    expect(byName.get("off")).toMatchObject({ state: { state: "shutoff", reason: "unknown" } });
    expect(byName.get("off")?.vcpu).toEqual({ current: 1, maximum: 2 });
    const [on] = await connection.domains.stats([byName.get("on")?.domain as Domain], { state: true });
    expect(on?.domain.name).toBe("on");
    expect(on?.params.get("state.state")).toBe(1);
  });

  it("is refused with libvirt's reason when its XML is wrong, and by the schema when that is asked for", async () => {
    await expect(connection.domains.define("<domain/>")).rejects.toMatchObject({ code: "VIR_ERR_NO_NAME" });
    const xml = tinyGuestXml({ name: "g1", extra: "<nonsense/>" });
    await expect(connection.domains.define(xml, { validate: true })).rejects.toMatchObject({
      code: "VIR_ERR_XML_INVALID_SCHEMA",
      libvirt: { code: 92, level: 2 },
      procedure: "DOMAIN_DEFINE_XML_FLAGS",
    });
  });

  it("cannot be changed through the read-only socket", async () => {
    const domain = await define();
    await using reader = await connect(`qemu:///system?socket=${host.readOnlySocketPath}`, { readOnly: true });
    expect(await reader.domains.lookupByName("g1")).toEqual(domain);
    await expect(reader.domains.create(domain)).rejects.toMatchObject({ code: "VIR_ERR_OPERATION_DENIED" });
  });
});
