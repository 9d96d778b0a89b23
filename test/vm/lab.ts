/** What machines need before they can be switched on: the image, and this checkout as a disk that they can read. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tickingRom } from "../support/fleet/ticking-guest.ts";
import { guestPolicy } from "./guest-policy.ts";
import { Machine, type MachineInit } from "./machine.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
/** Debian alone, kept from run to run: making it takes minutes, and nothing of Berth is in it. */
const image = process.env.BERTH_VM_IMAGE ?? "/var/cache/berth-vm";

/** Machines of one test, on one wire. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), "berth-vm-"));
  readonly guests: readonly string[];
  readonly #machines: Machine[] = [];
  // Two runs side by side hear each other otherwise.
  readonly #wire = 20_000 + (process.pid % 20_000);

  constructor(init: { readonly guests: readonly string[] }) {
    this.guests = init.guests;
    if (!existsSync(join(image, "root.img"))) {
      process.stderr.write(`making Debian's image in ${image}, which takes minutes\n`);
      execFileSync(join(checkout, "test/vm/image.sh"), [image], { stdio: ["ignore", "inherit", "inherit"] });
    }
    this.#packLoad();
  }

  /** A machine of its own disk, switched on, with Berth unpacked where docs/deploy.md says, and nothing set up. */
  async machine(name: string, more: Partial<MachineInit> = {}): Promise<Machine> {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    execFileSync("cp", ["--sparse=always", "--reflink=auto", join(image, "root.img"), join(folder, "disk.img")]);
    const number = this.#machines.length + 1;
    const places = { name, number, image, folder, load: join(this.folder, "load.tar"), wire: this.#wire };
    const machine = new Machine({ watchdog: false, guests: this.guests, ...places, ...more });
    this.#machines.push(machine);
    await machine.powerOn();
    const network = `[Match]\\nName=e*\\n[Network]\\nAddress=10.79.0.${number}/24\\n`;
    await machine.must(
      [
        `hostnamectl set-hostname ${name}`,
        `printf '${network}' > /etc/systemd/network/20-wire.network`,
        "networkctl reload",
        "mkdir -p /opt/berth && tar -xf /dev/vdb -C /opt/berth",
      ].join(" && "),
    );
    return machine;
  }

  async close(): Promise<void> {
    await Promise.all(this.#machines.map((machine) => machine.powerOff()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a person copies to a host: the checkout, with what `npm ci` says there. Done here, because the processor there is emulated. */
  #packLoad(): void {
    const tree = join(this.folder, "load");
    mkdirSync(tree);
    const run = (line: string) =>
      execFileSync("sh", ["-ec", line], { cwd: tree, stdio: ["ignore", "ignore", "inherit"] });
    run(`git -C ${checkout} ls-files -z | tar -C ${checkout} --null --files-from=- --ignore-failed-read -c | tar -x`);
    // With the bundle, which needs what a host leaves out: an emulated processor takes half a minute for 200 sources.
    run("npm ci && npm prune --omit=dev --ignore-scripts");
    mkdirSync(join(tree, "vm"));
    writeFileSync(join(tree, "vm/ticking.rom"), tickingRom("qemu"));
    writeFileSync(join(tree, "vm/promises.cf"), guestPolicy(this.guests));
    // With whole time stamps: the bundle is taken only where they are those of the sources.
    run("tar --format=posix -cf ../load.tar .");
    rmSync(tree, { recursive: true });
  }
}
