/** The network between the simulated hosts: each has an address of its own on loopback, and a link to each other one. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { CliError } from "../cli-error.ts";
import { SimulatedLink } from "./simulated-link.ts";

/** One direction between two hosts. */
export interface Way {
  readonly from: string;
  readonly to: string;
}

/** Where every host listens for its peers; the addresses differ. */
const peerPort = 7946;
/** The link to the n-th host listens here plus n, on the dialling host's address. Both are below the ephemeral ports. */
const linkPort = 8000;
/** Another simulation may have the same addresses. */
const attempts = 20;

interface Link extends Way {
  readonly link: SimulatedLink;
}

/** Addresses, links, and what is cut. */
export class SimulatedNetwork {
  readonly #hosts: readonly string[];
  readonly #subnet: string;
  readonly #links: readonly Link[];
  readonly #cut = new Map<string, Way>();
  readonly #dark = new Set<string>();

  private constructor(init: { hosts: readonly string[]; subnet: string; links: readonly Link[] }) {
    this.#hosts = init.hosts;
    this.#subnet = init.subnet;
    this.#links = init.links;
  }

  /** Opens a link for every ordered pair of hosts, on addresses that nobody uses. */
  static async open(hosts: readonly string[]): Promise<SimulatedNetwork> {
    for (let attempt = 1; ; attempt += 1) {
      // Loopback is a whole /8 on Linux: any address of it can be listened on without being set up.
      const subnet = `127.${randomInt(16, 250)}.${randomInt(0, 256)}`;
      const links = planLinks(hosts, subnet);
      try {
        await Promise.all(links.map(({ link }) => link.open()));
        for (const index of hosts.keys()) await probe(addressOf(subnet, index));
        return new SimulatedNetwork({ hosts, subnet, links });
      } catch (cause) {
        await Promise.all(links.map(({ link }) => link.close()));
        if (attempt < attempts && (cause as NodeJS.ErrnoException).code === "EADDRINUSE") continue;
        throw new CliError("SIMULATION_FAILED", `no addresses on loopback: ${(cause as Error).message}`, { cause });
      }
    }
  }

  /** Multiaddr that a host listens on. */
  listenAddress(host: string): string {
    return `/ip4/${addressOf(this.#subnet, this.#index(host))}/tcp/${peerPort}`;
  }

  /** Where one host dials another: the link between the two. */
  dialAddress({ from, to }: Way): string {
    return `/ip4/${addressOf(this.#subnet, this.#index(from))}/tcp/${linkPort + this.#index(to)}`;
  }

  /** The ways that are cut now, in order. */
  get cuts(): readonly Way[] {
    return [...this.#cut.values()].toSorted((left, right) => nameOf(left).localeCompare(nameOf(right)));
  }

  /** Holds everything that one host sends to another. */
  cut(...ways: readonly Way[]): void {
    for (const way of ways) this.#cut.set(nameOf(way), way);
    this.#apply();
  }

  /** Replaces all cuts: hosts hear each other only within their group; one that is in no group is alone. */
  partition(groups: readonly (readonly string[])[]): void {
    const groupOf = new Map(groups.flatMap((group, index) => group.map((host) => [host, index] as const)));
    this.#cut.clear();
    for (const { from, to } of this.#links) {
      const [left, right] = [groupOf.get(from), groupOf.get(to)];
      if (left === undefined || left !== right) this.#cut.set(nameOf({ from, to }), { from, to });
    }
    this.#apply();
  }

  /** Takes back every cut. */
  heal(): void {
    this.#cut.clear();
    this.#apply();
  }

  /** A host without power neither sends nor answers; what was open is forgotten when it is back. */
  power(host: string, on: boolean): void {
    if (on) {
      for (const { from, to, link } of this.#links) if (from === host || to === host) link.reset();
      this.#dark.delete(host);
    } else {
      this.#dark.add(host);
    }
    this.#apply();
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map(({ link }) => link.close()));
  }

  #apply(): void {
    for (const { from, to, link } of this.#links) {
      link.pass({ out: this.#passes({ from, to }), back: this.#passes({ from: to, to: from }) });
    }
  }

  #passes(way: Way): boolean {
    return !this.#cut.has(nameOf(way)) && !this.#dark.has(way.from) && !this.#dark.has(way.to);
  }

  #index(host: string): number {
    return this.#hosts.indexOf(host);
  }
}

function nameOf({ from, to }: Way): string {
  return `${from}>${to}`;
}

function addressOf(subnet: string, index: number): string {
  return `${subnet}.${index + 1}`;
}

function planLinks(hosts: readonly string[], subnet: string): Link[] {
  return [...hosts.entries()].flatMap(([fromIndex, from]) =>
    [...hosts.entries()].flatMap(([toIndex, to]) => {
      if (from === to) return [];
      const sourceAddress = addressOf(subnet, fromIndex);
      const near = { address: sourceAddress, port: linkPort + toIndex };
      const far = { address: addressOf(subnet, toIndex), port: peerPort };
      return [{ from, to, link: new SimulatedLink({ near, far, sourceAddress }) }];
    }),
  );
}

/** Whether a host could listen there. */
async function probe(address: string): Promise<void> {
  const server = createServer();
  server.listen(peerPort, address);
  await once(server, "listening");
  server.close();
  await once(server, "close");
}
