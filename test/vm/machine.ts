/**
 * A whole machine: its own kernel, clock, systemd and libvirt, in QEMU without acceleration, so that it runs wherever QEMU does.
 * Commands are run by QEMU's guest agent; a power cut is the end of the process; what the board does is told by QEMU's monitor.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { JsonSocket, type Message } from "./json-socket.ts";

/** What one machine differs in. */
export interface MachineInit {
  readonly name: string;
  /** 1 to 250: its address on the wire is 10.79.0.NUMBER. */
  readonly number: number;
  /** Kernel and initial file system (`image.sh`). */
  readonly image: string;
  /** Folder of this machine; its disk is `disk.img` there. */
  readonly folder: string;
  /** A file that it sees as a second disk. */
  readonly load: string;
  /** UDP port of the wire that the machines of a test share, on the loopback interface. */
  readonly wire: number;
  /** Whether the board has a watchdog that resets it. */
  readonly watchdog: boolean;
  /** Guests whose signs of life come out (`ticks`). */
  readonly guests: readonly string[];
  /** @default 1024 */
  readonly memoryMib?: number;
}

/** An event of the board: `RESET`, `WATCHDOG`, `SHUTDOWN` and so on. */
export interface BoardEvent {
  readonly event: string;
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a command said. */
export interface Said {
  readonly status: number;
  readonly out: string;
}

/** One machine, off until `powerOn`. Times are `performance.now()` of this process. */
export class Machine {
  readonly events: BoardEvent[] = [];
  /** By guest: when each sign of life of it came out of this machine. */
  readonly ticks = new Map<string, number[]>();
  readonly #init: MachineInit;
  #qemu: ChildProcess | undefined;
  #monitor: JsonSocket | undefined;
  #agent: JsonSocket | undefined;
  #tickers: Socket[] = [];

  constructor(init: MachineInit) {
    this.#init = init;
  }

  get name(): string {
    return this.#init.name;
  }

  /** What its console said so far. */
  get console(): string {
    return readFileSync(join(this.#init.folder, "console.log"), "utf8");
  }

  /** Starts it, and returns when its agent answers. */
  async powerOn(): Promise<void> {
    const { folder, guests } = this.#init;
    mkdirSync(folder, { recursive: true });
    const log = openSync(join(folder, "qemu.log"), "a");
    const args = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...this.#board(), ...this.#ports()];
    this.#qemu = spawn("setpriv", args, { stdio: ["ignore", log, log] });
    this.#qemu.on("error", () => {});
    const seen = ({ event = "", data = {} }: Message, atMs: number) => {
      this.events.push({ event, atMs, data });
      if (event === "RESET") this.#agent?.forget("the machine was reset");
    };
    this.#monitor = await this.#opened("monitor", seen);
    await this.#monitor.ask("qmp_capabilities");
    this.#agent = await this.#opened("agent", () => {});
    for (const guest of guests) this.#listen(guest);
    await this.booted();
  }

  /** Returns when the operating system's agent answers: after a start, or after a reset. */
  async booted(withinMs = 900_000): Promise<void> {
    const endMs = performance.now() + withinMs;
    for (;;) {
      const asked = this.#agent?.ask("guest-ping").then(() => true);
      if (await Promise.race([asked?.catch(() => delay(100, false)), delay(2_000, false)])) return;
      if (performance.now() > endMs) throw new Error(`${this.name} does not boot:\n${this.console.slice(-2_000)}`);
    }
  }

  /** Runs a line of shell as root. */
  async run(line: string, withinMs = 120_000): Promise<Said> {
    const agent = this.#agent;
    if (agent === undefined) throw new Error(`${this.name} is off`);
    const words = { path: "/bin/sh", arg: ["-c", `exec 2>&1\n${line}`], "capture-output": true };
    const { pid } = (await agent.ask("guest-exec", words)) as { pid: number };
    const endMs = performance.now() + withinMs;
    while (performance.now() < endMs) {
      const status = (await agent.ask("guest-exec-status", { pid })) as ExecStatus;
      if (status.exited) {
        const out = Buffer.from(status["out-data"] ?? "", "base64").toString("utf8");
        return { status: status.exitcode ?? 128 + (status.signal ?? 0), out };
      }
      await delay(50);
    }
    throw new Error(`${this.name}: not done within ${withinMs / 1000} s: ${line}`);
  }

  /** The same, for a command that must succeed. */
  async must(line: string, withinMs?: number): Promise<string> {
    const { status, out } = await this.run(line, withinMs);
    if (status !== 0) throw new Error(`${this.name}: ${line}: ended with ${status}\n${out}`);
    return out;
  }

  /** Pulls its cable, or plugs it in. */
  async link(up: boolean): Promise<void> {
    await this.#monitor?.ask("set_link", { name: "wire", up });
  }

  /** Cuts its power. */
  async powerOff(): Promise<void> {
    const qemu = this.#qemu;
    this.#qemu = undefined;
    for (const socket of this.#tickers.splice(0)) socket.destroy();
    this.#agent?.close();
    this.#monitor?.close();
    if (qemu === undefined || qemu.exitCode !== null || qemu.signalCode !== null) return;
    const gone = new Promise((resolve) => qemu.once("exit", resolve));
    qemu.kill("SIGKILL");
    await gone;
  }

  #board(): string[] {
    const { name, number, image, folder, load, wire, watchdog, memoryMib = 1024 } = this.#init;
    const mac = `52:54:00:aa:00:${number.toString(16).padStart(2, "0")}`;
    // Nothing is lost with the process but what the machine itself had not written yet: as with the power of a real one.
    const disk = `file=${folder}/disk.img,format=raw,if=virtio,cache=unsafe`;
    return [
      ...["-name", name, "-uuid", `be570000-0000-4000-8000-0000000000${number.toString(16).padStart(2, "0")}`],
      ...["-machine", "pc", "-accel", "tcg,tb-size=256", "-cpu", "max", "-smp", "1", "-m", String(memoryMib)],
      ...["-display", "none", "-nodefaults", "-no-user-config", "-serial", `file:${folder}/console.log`],
      ...["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd.img")],
      ...["-append", `root=/dev/vda rw console=ttyS0 mitigations=off systemd.hostname=${name}`],
      ...["-drive", disk, "-drive", `file=${load},format=raw,if=virtio,readonly=on`],
      ...["-netdev", `socket,id=wire,mcast=230.0.0.79:${wire},localaddr=127.0.0.1`],
      ...["-device", `virtio-net-pci,netdev=wire,mac=${mac},romfile=`, "-device", "virtio-rng-pci"],
      ...(watchdog ? ["-device", "i6300esb", "-action", "watchdog=reset"] : []),
    ];
  }

  #ports(): string[] {
    const { guests } = this.#init;
    const socket = (id: string) => ["-chardev", `socket,id=${id},path=${this.#path(id)},server=on,wait=off`];
    const port = (id: string, name: string) => [
      ...socket(id),
      ...["-device", `virtserialport,chardev=${id},name=${name}`],
    ];
    return [
      ...[...socket("monitor"), "-mon", "chardev=monitor,mode=control"],
      ...["-device", "virtio-serial-pci", ...port("agent", "org.qemu.guest_agent.0")],
      ...guests.flatMap((guest) => port(guest, `ticks.${guest}`)),
    ];
  }

  #path(id: string): string {
    return join(this.#init.folder, `${id}.sock`);
  }

  async #opened(id: string, onEvent: (message: Message, atMs: number) => void): Promise<JsonSocket> {
    const endMs = performance.now() + 10_000;
    for (;;) {
      try {
        return await JsonSocket.open(this.#path(id), onEvent);
      } catch (error) {
        if (performance.now() > endMs || this.#qemu?.exitCode !== null) {
          throw new Error(`${this.name}: ${readFileSync(join(this.#init.folder, "qemu.log"), "utf8")}`, {
            cause: error,
          });
        }
        await delay(50);
      }
    }
  }

  #listen(guest: string): void {
    const times = this.ticks.get(guest) ?? [];
    this.ticks.set(guest, times);
    const socket = connect(this.#path(guest));
    socket.on("data", () => times.push(performance.now())).on("error", () => {});
    this.#tickers.push(socket);
  }
}

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly "out-data"?: string;
}
