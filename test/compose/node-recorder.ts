/** What each node's libvirtd tells of its guests' lives, with the clock that all containers of a machine share. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Span } from "../support/fleet/run-record.ts";

/** A change in one guest's life on one node. */
export interface LifeEvent {
  readonly host: string;
  readonly guest: string;
  /** libvirt's word: Started, Suspended, Resumed, Stopped and so on. */
  readonly event: string;
  readonly atMs: number;
}

const line = /^(\S+ \S+?)\+0000: event 'lifecycle' for domain '([^']+)': (\w+)/;

/** Listens to nodes. `close` ends all of it. */
export class NodeRecorder {
  readonly events: LifeEvent[] = [];
  readonly #listeners = new Map<string, ChildProcess>();

  /** Begins to listen on a node, through `command`, which runs words on it. */
  listen(host: string, command: readonly [string, ...string[]], env: NodeJS.ProcessEnv): void {
    this.#listeners.get(host)?.kill("SIGKILL");
    const [file, ...args] = command;
    const words = ["virsh", "-q", "-c", "qemu:///system", "event", "--event", "lifecycle", "--loop", "--timestamp"];
    const child = spawn(file, [...args, ...words], { env, stdio: ["ignore", "pipe", "ignore"] });
    child.on("error", () => {});
    this.#listeners.set(host, child);
    let rest = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) this.#take(host, text);
    });
  }

  #take(host: string, text: string): void {
    const [, time, guest, event] = line.exec(text) ?? [];
    if (time === undefined || guest === undefined || event === undefined) return;
    this.events.push({ host, guest, event, atMs: Date.parse(`${time.replace(" ", "T")}Z`) });
  }

  /** A node without power runs nothing from then on, and nobody is left to say so. */
  cutOff(host: string, guests: readonly string[], atMs: number): void {
    for (const guest of guests) this.events.push({ host, guest, event: "Stopped", atMs });
  }

  close(): void {
    for (const child of this.#listeners.values()) child.kill("SIGKILL");
  }
}

/**
 * Stretches in which guests executed. A guest that is started paused is told as Started and at once as Suspended: it
 * executed nothing in between.
 */
export function spansOf(events: readonly LifeEvent[], nowMs: number): readonly Span[] {
  const keys = [...new Set(events.map(({ host, guest }) => JSON.stringify([host, guest])))];
  return keys.flatMap((key) => {
    const [host, guest] = JSON.parse(key) as [string, string];
    const own = events.filter((one) => one.host === host && one.guest === guest).sort((a, b) => a.atMs - b.atMs);
    return own.flatMap((one, index): Span[] => {
      const next = own[index + 1];
      if (one.event !== "Resumed" && !(one.event === "Started" && next?.event !== "Suspended")) return [];
      return [{ host, guest, fromMs: one.atMs, toMs: next?.atMs ?? nowMs, ticks: 0, open: next === undefined }];
    });
  });
}
