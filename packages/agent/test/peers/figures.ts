/** Figures of the peer network on this machine: `node packages/agent/test/peers/figures.ts [ROUNDS]`. Prints a table. */
import { createHostKey } from "../../src/peers/host-key.ts";
import { Libp2pNetwork } from "../../src/peers/libp2p-network.ts";
import type { Member } from "../../src/ports/peer-network.ts";
import { type BlackHole, startBlackHole } from "./black-hole.ts";
import { type PeerChild, startPeerChild } from "./peer-child.ts";
import { renewal } from "./peer-messages.ts";

const rounds = Number(process.argv[2] ?? 10);

/** A host here, one in another process, and a wire between them that can be cut. */
class Bench implements AsyncDisposable {
  readonly network: Libp2pNetwork;
  readonly child: PeerChild;
  readonly #wires: readonly BlackHole[];
  #next: { readonly kind: string; readonly resolve: (ms: number) => void; readonly fromMs: number } | undefined;

  constructor(network: Libp2pNetwork, child: PeerChild, wires: readonly BlackHole[]) {
    this.network = network;
    this.child = child;
    this.#wires = wires;
    network.onPeerUp(() => this.#happened("up"));
    network.onPeerDown(() => this.#happened("down"));
  }

  /** Milliseconds from `act` to the peer's next `kind`. */
  until(kind: "up" | "down", act: () => void): Promise<number> {
    return new Promise((resolve) => {
      this.#next = { kind, resolve, fromMs: performance.now() };
      act();
    });
  }

  cut(): void {
    for (const wire of this.#wires) wire.cut();
  }

  heal(): void {
    for (const wire of this.#wires) wire.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network.stop();
    await this.child[Symbol.asyncDispose]();
    for (const wire of this.#wires) await wire[Symbol.asyncDispose]();
  }

  #happened(kind: string): void {
    const next = this.#next;
    if (next === undefined || next.kind !== kind) return;
    this.#next = undefined;
    next.resolve(performance.now() - next.fromMs);
  }
}

async function startBench(fenceMs: number, wire: "direct" | "cuttable"): Promise<Bench> {
  const key = await createHostKey();
  const listen = ["/ip4/127.0.0.1/tcp/0"];
  const network = new Libp2pNetwork({ fleet: "test", self: "here", key, members: [], listen, fenceMs });
  await network.start();
  const child = await startPeerChild("there", fenceMs);
  const here: Member = { hostId: "here", peerId: network.peerId, addresses: network.addresses, role: "voter" };
  const ends = [here, child.member];
  const wires =
    wire === "direct" ? [] : await Promise.all(ends.map(({ addresses }) => startBlackHole(addresses[0] ?? "")));
  const bench = new Bench(network, child, wires);
  const members = ends.map((end, at) => ({ ...end, addresses: [wires[at]?.address ?? end.addresses[0] ?? ""] }));
  await bench.until("up", () => {
    child.introduce(members);
    network.replaceMembers(members);
  });
  return bench;
}

async function roundTrips(bench: Bench, count: number, inFlight: number): Promise<{ ms: number[]; perSecond: number }> {
  const sentMs = new Map<number, number>();
  const ms: number[] = [];
  let next = 0;
  const startedMs = performance.now();
  await new Promise<void>((resolve) => {
    const send = () => {
      next += 1;
      sentMs.set(next, performance.now());
      bench.network.send("there", renewal(next));
    };
    const end = bench.network.onMessage((_from, message) => {
      if (message.kind !== "renew") return;
      ms.push(performance.now() - (sentMs.get(message.attempt) ?? 0));
      if (next < count) send();
      else if (ms.length === count) {
        end();
        resolve();
      }
    });
    for (let begun = 0; begun < inFlight; begun += 1) send();
  });
  return { ms, perSecond: (count / (performance.now() - startedMs)) * 1_000 };
}

function row(title: string, samples: readonly number[], more = ""): void {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(2);
  console.log(`${title.padEnd(52)} p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)} ms  n=${sorted.length} ${more}`);
}

{
  await using bench = await startBench(4_000, "direct");
  await roundTrips(bench, 1_000, 1);
  const one = await roundTrips(bench, 3_000, 1);
  row("round trip over the message stream, one at a time", one.ms, `${one.perSecond.toFixed(0)}/s`);
  const many = await roundTrips(bench, 8_000, 32);
  row("round trip, 32 under way", many.ms, `${many.perSecond.toFixed(0)}/s`);
}
for (const fenceMs of rounds > 0 ? [4_000, 2_000] : []) {
  const times = {
    killed: [] as number[],
    stopped: [] as number[],
    continued: [] as number[],
    cut: [] as number[],
    healed: [] as number[],
  };
  for (let round = 0; round < rounds; round += 1) {
    await using bench = await startBench(fenceMs, "cuttable");
    times.stopped.push(await bench.until("down", () => bench.child.signal("SIGSTOP")));
    times.continued.push(await bench.until("up", () => bench.child.signal("SIGCONT")));
    times.cut.push(await bench.until("down", () => bench.cut()));
    times.healed.push(await bench.until("up", () => bench.heal()));
    times.killed.push(await bench.until("down", () => bench.child.signal("SIGKILL")));
  }
  row(`T_fence ${fenceMs}: kill -9 noticed`, times.killed);
  row(`T_fence ${fenceMs}: SIGSTOP noticed`, times.stopped);
  row(`T_fence ${fenceMs}: back after SIGCONT`, times.continued);
  row(`T_fence ${fenceMs}: cut wire noticed`, times.cut);
  row(`T_fence ${fenceMs}: back after the heal`, times.healed);
}
