/**
 * Writes `fixtures/`: what a real libvirt makes of each `NAME.wanted.xml` there. Run it as root after adding a wanted
 * definition, and look at the difference:
 *
 *     node packages/domain-xml/test/support/capture-fixtures.ts
 *
 * A definition that this host cannot start has no `NAME.active.xml`; the reason is printed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PrivateLibvirtd, startLibvirtd, startTestDriverLibvirtd } from "../../../../test/support/libvirtd.ts";
import { tinyRomFile } from "../../../../test/support/tiny-guest.ts";
import { fixturesFolder } from "./definition-pairs.ts";

type Driver = "qemu" | "test" | "network";

async function capture(host: PrivateLibvirtd, driver: Driver): Promise<void> {
  const prefix = driver === "network" ? "net-" : "";
  const folder = join(fixturesFolder, driver);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".wanted.xml"))) {
    const name = file.slice(0, -".wanted.xml".length);
    await host.virsh(`${prefix}define`, "--validate", join(folder, file));
    const inactive = await host.virsh(`${prefix}dumpxml`, "--inactive", name);
    writeFileSync(join(folder, `${name}.inactive.xml`), `${inactive}\n`);
    try {
      await host.virsh(`${prefix}start`, name);
      writeFileSync(join(folder, `${name}.active.xml`), `${await host.virsh(`${prefix}dumpxml`, name)}\n`);
    } catch (cause) {
      process.stderr.write(
        `${driver} ${name} does not start here: ${cause instanceof Error ? cause.message : cause}\n`,
      );
    }
  }
}

async function captureQemu(): Promise<void> {
  await using host = await startLibvirtd();
  mkdirSync("/tmp/berth-fixtures", { recursive: true });
  const image = "/tmp/berth-fixtures/rich.qcow2";
  if (!existsSync(image)) await host.run("qemu-img", "create", "-q", "-f", "qcow2", image, "16M");
  await host.run("truncate", "-s", "1M", "/tmp/berth-fixtures/data.img");
  await host.run("cp", tinyRomFile(), "/tmp/berth-fixtures/vmlinuz");
  await capture(host, "network");
  const lan = "<network><name>default</name><ip address='192.168.122.1' netmask='255.255.255.0'/></network>";
  writeFileSync("/tmp/berth-fixtures/default.xml", lan);
  await host.virsh("net-define", "/tmp/berth-fixtures/default.xml");
  await host.virsh("net-start", "default");
  writeFileSync(join(fixturesFolder, "qemu", "capabilities.xml"), `${await host.virsh("capabilities")}\n`);
  await capture(host, "qemu");
}

async function captureTestDriver(): Promise<void> {
  await using host = await startTestDriverLibvirtd();
  // The test driver forgets everything when its last client goes.
  const holder = spawn("virsh", ["-q", "-c", host.testUri()], { stdio: ["pipe", "pipe", "ignore"] });
  holder.stdin.write("uri\n");
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  writeFileSync(join(fixturesFolder, "test", "capabilities.xml"), `${await host.virsh("capabilities")}\n`);
  await capture(host, "test");
  holder.kill();
}

await captureQemu();
await captureTestDriver();
