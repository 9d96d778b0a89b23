/**
 * Hypervisor processes without libvirt: found, recognised, killed. A pid alone names nobody, because the kernel gives it
 * out again; a pid with its start time names one process for as long as the machine is up.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestId, ProcessIdentity } from "@berth/claims";

/** Where things are looked for. */
export interface ProcessPlaces {
  /** libvirt's pid files of QEMU guests. @default "/run/libvirt/qemu" */
  readonly pidDirectory?: string;
  /** Where cgroup v2 is mounted. @default "/sys/fs/cgroup" */
  readonly cgroupRoot?: string;
}

/** What names a guest on a hypervisor's command line; an empty UUID is not known. */
export interface NamedGuest {
  readonly guest: GuestId;
  readonly uuid: string;
}

/** What became of a kill. `gone`: that process no longer runs, whoever has its pid now. `failed`: not permitted. */
export type KillOutcome = "killed" | "gone" | "failed";

/** The process that has this pid now; undefined where there is none, or one that has ended and waits to be reaped. */
export function processAt(pid: number): ProcessIdentity | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command's name is in parentheses and may hold anything: fields are counted from the last one (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ended = fields[0] === "Z" || fields[0] === "X";
  return ended ? undefined : { pid, startTicks: Number(fields[19]) };
}

/** Whether exactly this process still runs. */
export function isAlive(process: ProcessIdentity): boolean {
  return processAt(process.pid)?.startTicks === process.startTicks;
}

/**
 * The hypervisor process of a guest by libvirt's pid file, believed only if its command line names the guest: a pid file
 * that outlived its process may hold anybody's pid. With its cgroup where libvirt made one for the guest.
 */
export function guestProcess(named: NamedGuest, places: ProcessPlaces = {}): ProcessIdentity | undefined {
  const file = join(places.pidDirectory ?? "/run/libvirt/qemu", `${named.guest}.pid`);
  const pid = Number(readOrUndefined(file)?.trim() || Number.NaN);
  return Number.isSafeInteger(pid) ? identify(pid, named) : undefined;
}

/** The same without pid files: looks at every process of the machine. For when neither libvirt nor its files answer. */
export function findGuestProcesses(guests: readonly NamedGuest[]): ReadonlyMap<GuestId, ProcessIdentity> {
  const found = new Map<GuestId, ProcessIdentity>();
  if (guests.length === 0) return found;
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isSafeInteger(pid)) continue;
    const command = commandOf(pid);
    const named = command.length === 0 ? undefined : guests.find((guest) => names(command, guest));
    const process = named === undefined ? undefined : identify(pid, named);
    if (named !== undefined && process !== undefined) found.set(named.guest, process);
  }
  return found;
}

/**
 * SIGKILL to exactly this process, and to everything else in the guest's own cgroup. Between the look at the start time
 * and the signal lie some microseconds in which the pid would have to be freed, and given out again, to hit another.
 */
export function killProcess(target: ProcessIdentity, places: ProcessPlaces = {}): KillOutcome {
  if (!isAlive(target)) return "gone";
  const cgroup = guestCgroup(target.pid);
  try {
    process.kill(target.pid, "SIGKILL");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH" ? "gone" : "failed";
  }
  if (cgroup !== undefined) killCgroup(join(places.cgroupRoot ?? "/sys/fs/cgroup", cgroup));
  return "killed";
}

/** Kernels before 5.14, and hosts with cgroup v1 only, have no such file: then SIGKILL of the process was all. */
function killCgroup(folder: string): void {
  try {
    writeFileSync(join(folder, "cgroup.kill"), "1", { flag: "r+" });
  } catch {
    // The process itself has its signal already; whether it ended is looked at next.
  }
}

/**
 * The scope that libvirt made for one guest, and only such a one: a hypervisor that runs in its daemon's own cgroup
 * must not take that daemon, or the machine, with it.
 */
const guestScope =
  /^0::(?<scope>(?:\/[^/\n]+)*?\/(?:machine-(?:qemu|lxc)[^/\n]*\.scope|[^/\n]+\.libvirt-(?:qemu|lxc)))(?:\/|$)/m;

function guestCgroup(pid: number): string | undefined {
  const scope = guestScope.exec(readOrUndefined(`/proc/${pid}/cgroup`) ?? "")?.groups?.scope;
  return scope?.includes("/..") ? undefined : scope;
}

function identify(pid: number, named: NamedGuest): ProcessIdentity | undefined {
  const before = processAt(pid);
  if (before === undefined || !names(commandOf(pid), named)) return undefined;
  const cgroup = guestCgroup(pid);
  if (!isAlive(before)) return undefined;
  return cgroup === undefined ? before : { ...before, cgroup };
}

function commandOf(pid: number): readonly string[] {
  return readOrUndefined(`/proc/${pid}/cmdline`)?.split("\0") ?? [];
}

/** Whether a command line is this guest's: QEMU is given `-uuid` and `-name guest=NAME,...` with commas doubled. */
function names(command: readonly string[], { guest, uuid }: NamedGuest): boolean {
  const after = (option: string) => command[command.indexOf(option) + 1] ?? "";
  if (uuid !== "") return command.includes("-uuid") && after("-uuid").toLowerCase() === uuid.toLowerCase();
  const name = `guest=${guest.replaceAll(",", ",,")}`;
  const given = after("-name");
  const rest = given.slice(name.length);
  return command.includes("-name") && given.startsWith(name) && (rest === "" || /^,(?!,)/.test(rest));
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
