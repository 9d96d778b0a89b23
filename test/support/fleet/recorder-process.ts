/**
 * The recorder: a process of its own before all others of the machine, so that neither the test nor the fleet delays what
 * it writes down, with one clock for all hosts. Guests reach it by their serial ports, libvirt by its events.
 */
import { mkdirSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { setPriority } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type ConnectionKeeper, keepConnected } from "node-libvirt";
import type { RecorderAnswer, RecorderRequest } from "./recorder-messages.ts";
import type { LifecycleRecord, ProcessLife, RunRecord, Span } from "./run-record.ts";

/** A guest that gave no sign for this long did not execute. @default 250: twelve ticks; a loaded machine delays some */
const gapMs = 250;

const spans: { -readonly [Key in keyof Span]: Span[Key] }[] = [];
const processes: { -readonly [Key in keyof ProcessLife]: ProcessLife[Key] }[] = [];
const events: LifecycleRecord[] = [];
const keepers = new Map<string, ConnectionKeeper>();
const lag = monitorEventLoopDelay({ resolution: 10 });
lag.enable();

const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

function onGuest(host: string, guest: string, socket: Socket): void {
  const life: (typeof processes)[number] = { host, guest, openMs: nowMs() };
  processes.push(life);
  let span: (typeof spans)[number] | undefined;
  socket.on("data", (ticks) => {
    const atMs = nowMs();
    if (span === undefined || atMs - span.toMs > gapMs) {
      if (span !== undefined) span.open = false;
      span = { host, guest, fromMs: atMs, toMs: atMs, ticks: 0, open: true };
      spans.push(span);
    }
    span.toMs = atMs;
    span.ticks += ticks.length;
  });
  // A hypervisor process that is killed ends its connection in any way it likes.
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    life.closeMs = nowMs();
    if (span !== undefined) span.open = false;
  });
}

async function listen(folder: string, hosts: readonly string[], guests: readonly string[]): Promise<void> {
  for (const host of hosts) {
    mkdirSync(join(folder, host), { recursive: true });
    for (const guest of guests) {
      const server = createServer((socket) => onGuest(host, guest, socket));
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(join(folder, host, guest), resolve);
      });
    }
  }
}

async function unwatch(host: string): Promise<void> {
  const keeper = keepers.get(host);
  keepers.delete(host);
  await keeper?.close();
}

async function watch(host: string, uri: string): Promise<void> {
  await unwatch(host);
  const keepAlive = { intervalMs: 1_000, count: 3 };
  const keeper = keepConnected(uri, {
    delayMinimumMs: 50,
    delayMaximumMs: 200,
    keepAlive,
    onConnected: (connection) => {
      // Refused only by a daemon that ends at this moment; the next connection subscribes again.
      connection.domains
        .onLifecycle(({ domain, event, detail }) => note(host, domain.name, event, detail))
        .catch(() => {});
    },
  });
  keepers.set(host, keeper);
  await keeper.connection({ deadlineMs: 10_000 });
}

function note(host: string, guest: string, event: string, detail: string): void {
  events.push({ host, guest, event, detail, atMs: nowMs() });
}

function look(sinceMs: number): RunRecord {
  const now = nowMs();
  for (const span of spans) if (span.open && now - span.toMs > gapMs) span.open = false;
  return {
    nowMs: now,
    spans: spans.filter(({ open, toMs }) => open || toMs >= sinceMs),
    processes: processes.filter(({ closeMs }) => closeMs === undefined || closeMs >= sinceMs),
    events: events.filter(({ atMs }) => atMs >= sinceMs),
    lagMaxMs: lag.max / 1e6,
  };
}

async function answer(request: RecorderRequest): Promise<{ record: RunRecord } | { done: true }> {
  switch (request.kind) {
    case "listen":
      await listen(request.folder, request.hosts, request.guests);
      return { done: true };
    case "watch":
      await watch(request.host, request.uri);
      return { done: true };
    case "unwatch":
      await unwatch(request.host);
      return { done: true };
    case "look":
      return { record: look(request.sinceMs) };
  }
}

process.on("message", ({ id, request }: { id: number; request: RecorderRequest }) => {
  const send = (text: RecorderAnswer) => process.send?.(text);
  answer(request).then(
    (result) => send({ id, ...result }),
    (error: unknown) => send({ id, problem: error instanceof Error ? error.message : String(error) }),
  );
});
// It ends with its test, also when that is killed.
process.on("disconnect", () => process.exit(0));
try {
  setPriority(-15);
} catch {
  // Not permitted here: then its lateness, which it measures, may be larger.
}
