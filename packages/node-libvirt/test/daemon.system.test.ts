import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { startLibvirtd, startTestDriverLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { encodeFrame, messageStatus, messageType, programVersion, remoteProgram } from "../src/frame.ts";
import { connectionProcedures } from "../src/host.ts";
import { connect, keepConnected } from "../src/index.ts";

const source = new URL("../src/index.ts", import.meta.url).href;
const print = (uri: string) =>
  `const { connect } = await import(${JSON.stringify(source)});
   await using connection = await connect(${JSON.stringify(uri)});
   console.log(connection.socketPath, await connection.host.hostname());`;

/** Opens a connection as far as the daemon begins to ping, answers nothing, and resolves when the daemon has enough. */
async function untilCutOff(socketPath: string): Promise<void> {
  const socket = createConnection(socketPath);
  const { authList, supportsFeature } = connectionProcedures;
  const call = { program: remoteProgram, version: programVersion, type: messageType.call, status: messageStatus.ok };
  socket.write(encodeFrame({ ...call, procedure: authList.number, serial: 1 }, () => {}));
  socket.write(encodeFrame({ ...call, procedure: supportsFeature.number, serial: 2 }, (writer) => writer.int32(10)));
  socket.resume();
  await once(socket, "close");
}

describe("libvirt's daemon", () => {
  it("restarts under running guests, and a kept connection finds them again", async () => {
    await using host = await startLibvirtd();
    const events: string[] = [];
    await using keeper = keepConnected(host.qemuUri(), {
      onConnected: (connection) => void connection.domains.onLifecycle(({ event }) => events.push(event)),
    });
    const before = await keeper.connection();
    const guest = await before.domains.createXml(tinyGuestXml({ name: "survivor" }));
    await host.stopDaemon("SIGKILL");
    await expect(before.closed).resolves.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(before.domains.state(guest)).rejects.toMatchObject({ code: "CONNECTION_LOST", sent: false });
    await host.startDaemon();
    const after = await keeper.connection({ deadlineMs: 20_000 });
    expect(after).not.toBe(before);
    expect(await after.domains.lookupByUuid(guest.uuid)).toEqual(guest);
    expect(await after.domains.state(guest)).toMatchObject({ state: "running" });
    await after.domains.destroy(guest);
    await vi.waitFor(() => expect(events).toContain("stopped"));
  });

  it("that hangs is noticed by keepalive, long before the deadlines of the calls", async () => {
    await using host = await startTestDriverLibvirtd();
    await using connection = await connect(host.testUri(), { keepAlive: { intervalMs: 50, count: 3 } });
    await host.stopDaemon("SIGSTOP");
    await expect(connection.host.hostname()).rejects.toMatchObject({ code: "KEEPALIVE_TIMEOUT", sent: true });
    await host.stopDaemon("SIGCONT");
    await using again = await connect(host.testUri());
    expect(await again.host.hostname()).toBe(host.hostname);
  });

  it("cuts off a client that does not answer its pings, and keeps this one, which does", async () => {
    await using host = await startTestDriverLibvirtd({
      daemonSettings: ["keepalive_interval = 1", "keepalive_count = 1"],
    });
    await using connection = await connect(host.testUri(), { keepAlive: false });
    await untilCutOff(host.socketPath);
    expect(await connection.host.hostname()).toBe(host.hostname);
  });

  it("is found by its URI alone: libvirtd's socket, or the one of the driver's own daemon", async () => {
    await using host = await startLibvirtd({ hostname: "found" });
    const node = async () =>
      (await host.run(process.execPath, "--input-type=module", "-e", print("qemu:///system"))).stdout;
    expect(await node()).toBe("/run/libvirt/libvirt-sock found\n");
    await host.run("mv", "/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock");
    expect(await node()).toBe("/run/libvirt/virtqemud-sock found\n");
  });

  it("is driven by the example of the README, as it stands there", async () => {
    await using host = await startLibvirtd();
    await using connection = await connect(host.qemuUri());
    const web1 = await connection.domains.define(tinyGuestXml({ name: "web1" }));
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const example = readme.split("```ts\n")[1]?.split("```")[0] ?? "";
    const program = example.replace('"node-libvirt"', JSON.stringify(source));
    const { stdout } = await host.run(process.execPath, "--input-type=module", "-e", program);
    expect(stdout).toContain(`web1 ${web1.uuid} shutoff unknown 1 32768`);
    expect(stdout).toContain("web1 started booted");
    expect(await connection.domains.state(web1)).toEqual({ state: "running", reason: "unpaused" });
  });

  it("refuses a URI that it cannot open, with its own reason", async () => {
    await using host = await startLibvirtd();
    await expect(connect(host.uri("xen:///system"))).rejects.toMatchObject({
      code: expect.stringMatching(/^VIR_ERR_/),
      procedure: "CONNECT_OPEN",
    });
  });
});

describe("the test driver behind libvirtd", () => {
  it("shows the same domains to all its clients", async () => {
    await using host = await startTestDriverLibvirtd();
    await using one = await connect(host.testUri());
    await using other = await connect(host.testUri());
    const domain = await one.domains.define(tinyGuestXml({ name: "g1", type: "test" }));
    expect(await other.domains.lookupByName("g1")).toEqual(domain);
    await other.domains.create(domain);
    await one.domains.shutdown(domain);
    expect(await other.domains.state(domain)).toEqual({ state: "shutoff", reason: "shutdown" });
  });

  it("serves 1000 domains: one bulk call tells of all, and a thousand pipelined calls come back in order", async () => {
    await using host = await startTestDriverLibvirtd();
    await using connection = await connect(host.testUri());
    const names = Array.from({ length: 1000 }, (_, index) => `g${index}`);
    const domains = await Promise.all(
      names.map((name) => connection.domains.define(tinyGuestXml({ name, type: "test" }))),
    );
    const started = await Promise.all(domains.map((domain) => connection.domains.create(domain)));
    expect(started.map(({ name }) => name)).toEqual(names);
    const stats = await connection.domains.allStats({ state: true });
    const running = stats.filter(({ domain, state }) => domain.name.startsWith("g") && state?.state === "running");
    expect(running).toHaveLength(1000);
    const xmls = await Promise.all(domains.map((domain) => connection.domains.xml(domain)));
    for (const [index, xml] of xmls.entries()) expect(xml).toContain(`<name>g${index}</name>`);
  });
});
