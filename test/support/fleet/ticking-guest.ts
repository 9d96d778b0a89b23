/**
 * A guest that shows by itself that it executes: a ROM of some sixty bytes which lets the timer interrupt it fifty times
 * a second and writes one byte to its serial port each time. The port is a unix socket of the recorder's. So nobody has
 * to be asked and nobody can be late: no byte, no executed instruction; socket closed, no process.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tinyGuestType } from "../tiny-guest.ts";

/** Time between two bytes while the guest executes. */
export const tickMs = 20;

/** The timer counts at 1,193,182 Hz (8254). */
const divisor = Math.round((1_193_182 * tickMs) / 1000);
const romBytes = 64 * 1024;
const codeOffset = 0xf000;
const handlerOffset = 0xf080;
/** The processor starts 16 bytes below the top of the address space, where the ROM's end is mapped. */
const resetOffset = 0xfff0;

function word(value: number): readonly [number, number] {
  return [value & 0xff, value >> 8];
}

/** mov al, value; out port, al */
function out(port: number, value: number): readonly number[] {
  return [0xb0, value, 0xe6, port];
}

/**
 * The processor's own interrupt controller lets nothing pass until it is told otherwise. QEMU's emulation takes the older
 * controller's line for line 0 (a store to its register at 0xfee00350, which real processors would not allow in real
 * mode); KVM lets it be turned off (bit 11 of model-specific register 0x1b), which the emulation does not heed.
 */
const passInterrupts = {
  qemu: [0x66, 0x67, 0xc7, 0x05, 0x50, 0x03, 0xe0, 0xfe, 0x00, 0x07, 0x00, 0x00], // mov dword [0xfee00350], 0x700
  kvm: [0x66, 0xb9, 0x1b, 0, 0, 0, 0x0f, 0x32, 0x80, 0xe4, 0xf7, 0x0f, 0x30], // mov ecx, 0x1b; rdmsr; and ah, 0xf7; wrmsr
} as const;

/** The ROM: real mode, one interrupt, no firmware. */
export function tickingRom(type: "kvm" | "qemu"): Buffer {
  const rom = Buffer.alloc(romBytes, 0x90);
  const [divisorLow, divisorHigh] = word(divisor);
  rom.set(
    [
      ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70], // xor ax, ax; mov ds, ax; mov ss, ax; mov sp, 0x7000
      ...passInterrupts[type],
      ...[0xc7, 0x06, 0x20, 0x00, ...word(handlerOffset)], // the vector of interrupt 8: offset,
      ...[0xc7, 0x06, 0x22, 0x00, ...word(0xf000)], // and segment
      ...[...out(0x20, 0x11), ...out(0x21, 0x08), ...out(0x21, 0x04), ...out(0x21, 0x01)], // interrupt controller, from 8 on
      ...out(0x21, 0xfe), // only the timer
      ...[...out(0x43, 0x34), ...out(0x40, divisorLow), ...out(0x40, divisorHigh)], // timer 0, rate generator
      ...[0xfb, 0xf4, 0xeb, 0xfd], // sti; hlt; jmp to hlt
    ],
    codeOffset,
  );
  // mov dx, 0x3f8; mov al, '.'; out dx, al; end of interrupt; iret
  rom.set([0xba, 0xf8, 0x03, 0xb0, 0x2e, 0xee, ...out(0x20, 0x20), 0xcf], handlerOffset);
  rom.set([0xfa, 0xea, ...word(codeOffset), ...word(0xf000)], resetOffset); // cli; jmp far f000:code
  return rom;
}

function tickingRomFile(type: "kvm" | "qemu"): string {
  const directory = join(tmpdir(), "berth-tiny-guest");
  const file = join(directory, `ticking-${type}.rom`);
  const rom = tickingRom(type);
  if (existsSync(file) && readFileSync(file).equals(rom)) return file;
  mkdirSync(directory, { recursive: true });
  // Never half a file under this name: a guest of another test may start at this moment.
  const draft = join(directory, `ticking-${type}-${process.pid}.rom`);
  writeFileSync(draft, rom);
  renameSync(draft, file);
  return file;
}

/** Folder inside every host where the recorder's sockets of that host are. */
export const ticksFolder = "/run/ticks";

/**
 * Domain XML, the same for every host; there is no disk, so that no lock of QEMU's own could hide a second copy.
 * Quotes are single ones: the text fits into a policy.
 */
export function tickingGuestXml(init: { readonly name: string; readonly uuid: string }): string {
  const type = tinyGuestType();
  return [
    `<domain type='${type}'>`,
    `<name>${init.name}</name><uuid>${init.uuid}</uuid>`,
    "<memory unit='MiB'>16</memory><vcpu>1</vcpu>",
    `<os><type arch='x86_64' machine='pc'>hvm</type><loader readonly='yes' type='rom'>${tickingRomFile(type)}</loader></os>`,
    "<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>",
    "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>",
    "<controller type='usb' model='none'/><memballoon model='none'/>",
    `<serial type='unix'><source mode='connect' path='${ticksFolder}/${init.name}'/><target port='0'/></serial>`,
    "</devices></domain>",
  ].join("");
}
