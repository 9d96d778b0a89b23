/**
 * The smallest guest that really runs: no firmware, no disk, 64 KiB of ROM which writes "rom up" to the first serial
 * port and halts. It is up in a tenth of a second and then uses no processor time.
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const romBytes = 64 * 1024;
const entryOffset = 0xf000;
/** The processor starts at the top of the 4 GiB address space less 16 bytes, where the ROM's end is mapped. */
const resetOffset = 0xfff0;

/** What a tiny domain can differ in. */
export interface TinyGuestInit {
  readonly name: string;
  readonly uuid?: string;
  /** @default "kvm" where `/dev/kvm` opens, else "qemu": the tests pass on a machine without it. */
  readonly type?: "kvm" | "qemu" | "test";
  /** @default 32: QEMU maps it only when the guest touches it, and this one never does. */
  readonly memoryMib?: number;
  /** @default 1 */
  readonly vcpus?: number;
  /** More than `vcpus` lets the number be raised while the guest runs. @default vcpus */
  readonly vcpusMaximum?: number;
  /** Where the serial port writes, as the host sees it. @default none: no serial port. */
  readonly serialFile?: string;
  /** Elements put into `<devices>`, such as an interface. @default none */
  readonly devices?: string;
  /** Elements put into `<domain>`, such as `<metadata>`. @default none */
  readonly extra?: string;
}

/** The ROM: in its last 16 bytes a jump to the code, which prints and halts for ever with interrupts off. */
export function tinyRom(): Buffer {
  const rom = Buffer.alloc(romBytes, 0x90);
  const print = [...Buffer.from("rom up\r\n")].flatMap((byte) => [0xb0, byte, 0xee]); // mov al, byte; out dx, al
  const code = [0xfa, 0xba, 0xf8, 0x03, ...print, 0xf4, 0xeb, 0xfd]; // cli; mov dx, 0x3f8; ...; hlt; jmp to hlt
  rom.set(code, entryOffset);
  rom.writeUInt8(0xe9, resetOffset); // jmp near, relative to the next instruction
  rom.writeUInt16LE((entryOffset - (resetOffset + 3)) & 0xffff, resetOffset + 1);
  return rom;
}

/** Puts the ROM where private hosts see it too, and returns its path. */
export function tinyRomFile(): string {
  const directory = join(tmpdir(), "berth-tiny-guest");
  const file = join(directory, "tiny.rom");
  const rom = tinyRom();
  if (existsSync(file) && readFileSync(file).equals(rom)) return file;
  // Never half a file under this name: a guest of another test may start at this moment.
  mkdirSync(directory, { recursive: true });
  const draft = join(directory, `${process.pid}.rom`);
  writeFileSync(draft, rom);
  renameSync(draft, file);
  return file;
}

/** "kvm" where this process may open `/dev/kvm`, else "qemu". */
export function tinyGuestType(): "kvm" | "qemu" {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return "kvm";
  } catch {
    return "qemu";
  }
}

/** Domain XML of a tiny guest. */
export function tinyGuestXml(init: TinyGuestInit): string {
  const type = init.type ?? tinyGuestType();
  const vcpus = init.vcpus ?? 1;
  const os =
    type === "test"
      ? "<os><type arch='i686'>hvm</type></os>"
      : `<os><type arch='x86_64' machine='pc'>hvm</type><loader readonly='yes' type='rom'>${tinyRomFile()}</loader></os>`;
  const devices =
    type === "test"
      ? ""
      : "<emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/><memballoon model='none'/>";
  const serial =
    init.serialFile === undefined
      ? ""
      : `<serial type='file'><source path='${init.serialFile}'/><target port='0'/></serial>`;
  return `<domain type='${type}'>
  <name>${init.name}</name>
  ${init.uuid === undefined ? "" : `<uuid>${init.uuid}</uuid>`}
  <memory unit='MiB'>${init.memoryMib ?? 32}</memory>
  <vcpu current='${vcpus}'>${init.vcpusMaximum ?? vcpus}</vcpu>
  ${os}
  ${init.extra ?? ""}
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>${devices}${serial}${init.devices ?? ""}</devices>
</domain>`;
}
