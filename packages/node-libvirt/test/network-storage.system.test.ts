import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type PrivateLibvirtd, startLibvirtd } from "../../../test/support/libvirtd.ts";
import { type Connection, connect } from "../src/index.ts";

let host: PrivateLibvirtd;
let connection: Connection;

beforeAll(async () => {
  host = await startLibvirtd();
  connection = await connect(host.qemuUri());
});

afterAll(async () => {
  await connection?.close();
  await host?.stop();
});

const networkXml = `<network><name>lan</name><forward mode='nat'/><bridge name='virbr9'/>
  <ip address='192.168.99.1' netmask='255.255.255.0'><dhcp><range start='192.168.99.2' end='192.168.99.9'/></dhcp></ip>
</network>`;

describe("a network", () => {
  it("is defined, started with its bridge, stopped and undefined, and its events say so", async () => {
    const { networks } = connection;
    const events: string[] = [];
    const subscription = await networks.onLifecycle(({ network, event }) => events.push(`${network.name} ${event}`));
    const defined = await networks.define(networkXml);
    expect(await networks.list({ inactive: true })).toEqual([defined]);
    expect(await networks.isActive(defined)).toBe(false);
    expect(await networks.isPersistent(defined)).toBe(true);

    await networks.create(defined);
    expect(await networks.isActive(defined)).toBe(true);
    expect(await networks.bridgeName(defined)).toBe("virbr9");
    expect((await host.run("ip", "-br", "addr", "show", "virbr9")).stdout).toContain("192.168.99.1/24");
    expect(await networks.xml(defined)).toContain("<name>lan</name>");
    expect(await networks.xml(defined, { inactive: true })).toContain(defined.uuid);
    await expect(networks.create(defined)).rejects.toMatchObject({ code: "VIR_ERR_OPERATION_INVALID" });

    expect(await networks.autostart(defined)).toBe(false);
    await networks.setAutostart(defined, true);
    expect(await networks.list({ autostart: true, active: true })).toEqual([defined]);
    expect(await networks.lookupByUuid(defined.uuid)).toEqual(defined);

    await networks.destroy(defined);
    expect(await networks.list({ active: true })).toEqual([]);
    await networks.undefine(defined);
    await expect(networks.lookupByName("lan")).rejects.toMatchObject({ code: "VIR_ERR_NO_NETWORK" });
    await vi.waitFor(() => expect(events).toEqual(["lan defined", "lan started", "lan stopped", "lan undefined"]));
    await subscription.unsubscribe();
  });

  it("without a definition is transient", async () => {
    const network = await connection.networks.createXml(
      "<network><name>passing</name><bridge name='virbr8'/></network>",
    );
    expect(await connection.networks.isPersistent(network)).toBe(false);
    expect(await connection.networks.list({ transient: true })).toEqual([network]);
    await connection.networks.destroy(network);
    expect(await connection.networks.list()).toEqual([]);
  });
});

describe("a storage pool", () => {
  it("is defined, built, started, holds volumes, and is taken down again", async () => {
    const { pools, volumes } = connection;
    const directory = "/var/lib/libvirt/images/pool1";
    await host.run("mkdir", "-p", "/var/lib/libvirt/images");
    const pool = await pools.define(
      `<pool type='dir'><name>pool1</name><target><path>${directory}</path></target></pool>`,
    );
    expect(await pools.list({ inactive: true, dir: true })).toEqual([pool]);
    await pools.build(pool);
    await pools.create(pool);
    expect(await pools.isActive(pool)).toBe(true);
    expect(await pools.isPersistent(pool)).toBe(true);
    await pools.setAutostart(pool, true);
    expect(await pools.autostart(pool)).toBe(true);
    expect(await pools.lookupByName("pool1")).toEqual(await pools.lookupByUuid(pool.uuid));
    expect(await pools.xml(pool)).toContain(directory);
    const info = await pools.info(pool);
    expect(info.state).toBe("running");
    expect(info.capacityBytes).toBe(info.allocationBytes + info.availableBytes);

    const volume = await volumes.create(
      pool,
      "<volume><name>disk1.qcow2</name><capacity unit='MiB'>64</capacity><target><format type='qcow2'/></target></volume>",
    );
    expect(volume).toEqual({ pool: "pool1", name: "disk1.qcow2", key: `${directory}/disk1.qcow2` });
    expect(await volumes.path(volume)).toBe(`${directory}/disk1.qcow2`);
    expect(await volumes.info(volume)).toMatchObject({ type: "file", capacityBytes: 64 << 20 });
    expect(await volumes.xml(volume)).toContain("<format type='qcow2'/>");
    expect(await volumes.list(pool)).toEqual([volume]);
    expect(await volumes.lookupByName(pool, "disk1.qcow2")).toEqual(volume);
    expect(await volumes.lookupByPath(`${directory}/disk1.qcow2`)).toEqual(volume);
    expect(await volumes.lookupByKey(volume.key)).toEqual(volume);
    expect(await pools.lookupByVolume(volume)).toEqual(pool);

    await host.run("cp", `${directory}/disk1.qcow2`, `${directory}/disk2.qcow2`);
    await pools.refresh(pool);
    expect((await volumes.list(pool)).map(({ name }) => name).sort()).toEqual(["disk1.qcow2", "disk2.qcow2"]);
    for (const one of await volumes.list(pool)) await volumes.delete(one);
    await expect(volumes.lookupByName(pool, "disk1.qcow2")).rejects.toMatchObject({ code: "VIR_ERR_NO_STORAGE_VOL" });

    await pools.destroy(pool);
    await pools.delete(pool);
    await expect(host.run("test", "-e", directory)).rejects.toThrow();
    await pools.undefine(pool);
    await expect(pools.lookupByName("pool1")).rejects.toMatchObject({ code: "VIR_ERR_NO_STORAGE_POOL" });
  });

  it("without a definition is transient", async () => {
    const pool = await connection.pools.createXml(
      "<pool type='dir'><name>passing</name><target><path>/var/lib/libvirt/images/passing</path></target></pool>",
      { build: true },
    );
    expect(await connection.pools.isPersistent(pool)).toBe(false);
    await connection.pools.destroy(pool);
    expect(await connection.pools.list()).toEqual([]);
  });
});
