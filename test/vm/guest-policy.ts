/** The policy of a lab's machines: guests that any of them may run, each with its sign of life led out of the machine. */
import { uuidOf } from "../support/fleet/fleet-policy.ts";

/** Where every machine has the ROM (`tickingRom`). */
export const romPath = "/var/lib/libvirt/images/ticking.rom";

/** CFEngine text. The guests' only device is a serial port, which the board of the machine passes on (`Machine.ticks`). */
export function guestPolicy(guests: readonly string[]): string {
  const promises = guests.map(
    (name) => `  "${name}"
    environment_resources => ${name}, environment_type => "kvm", environment_host => "any", environment_state => "running";
`,
  );
  const bodies = guests.map((name) => `body environment_resources ${name}\n{\n  env_spec => "${guestXml(name)}";\n}\n`);
  return `body common control { bundlesequence => { "fleet" }; }
bundle agent fleet
{
guest_environments:
${promises.join("")}}
${bodies.join("")}`;
}

/** A machine without hardware acceleration has only QEMU's emulation for its guests. */
function guestXml(name: string): string {
  return [
    `<domain type='qemu'><name>${name}</name><uuid>${uuidOf(name)}</uuid>`,
    "<memory unit='MiB'>16</memory><vcpu>1</vcpu>",
    `<os><type arch='x86_64' machine='pc'>hvm</type><loader readonly='yes' type='rom'>${romPath}</loader></os>`,
    "<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>",
    "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>",
    "<controller type='usb' model='none'/><memballoon model='none'/>",
    `<serial type='dev'><source path='/dev/virtio-ports/ticks.${name}'/><target port='0'/></serial></devices></domain>`,
  ].join("");
}
