import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readlink } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { startLibvirtd, startTestDriverLibvirtd } from "./libvirtd.ts";
import { tinyGuestXml } from "./tiny-guest.ts";

/** The processes of a pid namespace, seen from outside. */
async function processesOf(namespace: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const links = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/pid`).catch(() => "gone")));
  return pids.filter((_, index) => links[index] === namespace);
}

const source = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);

describe("a private libvirtd", () => {
  it("stands beside others, each with its own guests, networks and name", async () => {
    await using one = await startLibvirtd({ hostname: "one" });
    await using two = await startLibvirtd({ hostname: "two" });
    await using light = await startTestDriverLibvirtd({ hostname: "light" });
    const bridge = "<network><name>lan</name><bridge name='virbr7'/></network>";
    for (const host of [one, two]) {
      await host.run("sh", "-c", `cat > /run/lan.xml <<'XML'\n${bridge}\nXML`);
      await host.virsh("net-create", "/run/lan.xml");
      await host.run("sh", "-c", `cat > /run/guest.xml <<'XML'\n${tinyGuestXml({ name: "g1" })}\nXML`);
      await host.virsh("create", "/run/guest.xml");
    }
    await two.virsh("destroy", "g1");
    expect(await one.virsh("list", "--name")).toBe("g1");
    expect(await two.virsh("list", "--name")).toBe("");
    expect(await light.virsh("list", "--name")).toBe("test");
    expect(await Promise.all([one, two, light].map((host) => host.virsh("hostname")))).toEqual(["one", "two", "light"]);
    expect(new Set([one, two, light].map((host) => host.hostUuid)).size).toBe(3);
  });

  it("takes all its processes with it when it is stopped, and none when only the daemon is", async () => {
    const host = await startLibvirtd();
    const namespace = await readlink(`/proc/${host.pid}/ns/pid`);
    await host.run("sh", "-c", `cat > /run/guest.xml <<'XML'\n${tinyGuestXml({ name: "g1" })}\nXML`);
    await host.virsh("create", "/run/guest.xml");
    await host.stopDaemon("SIGKILL");
    await expect(host.virsh("list")).rejects.toThrow();
    expect((await processesOf(namespace)).length).toBeGreaterThanOrEqual(3);
    await host.startDaemon();
    expect(await host.virsh("list", "--name")).toBe("g1");
    await host.stop();
    expect(await processesOf(namespace)).toEqual([]);
  });

  it("does not outlive its test, even when that is killed with SIGKILL", async () => {
    const program = `
      const { startLibvirtd } = await import(${source("./libvirtd.ts")});
      const { tinyGuestXml } = await import(${source("./tiny-guest.ts")});
      const host = await startLibvirtd();
      await host.run("sh", "-c", "cat > /run/guest.xml <<'XML'\\n" + tinyGuestXml({ name: "g1" }) + "\\nXML");
      await host.virsh("create", "/run/guest.xml");
      console.log(host.pid);`;
    const victim = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(victim.stdout, "data");
    const namespace = await readlink(`/proc/${Number.parseInt(String(line), 10)}/ns/pid`);
    const before = await processesOf(namespace);
    // tini, cat, libvirtd and the guest at least
    expect(before.length).toBeGreaterThanOrEqual(4);
    victim.kill("SIGKILL");
    await vi.waitFor(async () => expect(await processesOf(namespace)).toEqual([]), { timeout: 30_000 });
  });
});
