import type {
  Configuration,
  DeadManFeed,
  FleetHost,
  GuestObservation,
  Message,
  Now,
  PromisedGuest,
} from "@berth/claims";
import type { Builds, LoopFlaws } from "./builds.ts";
import type { Disk } from "./disk.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { Prng } from "./prng.ts";

/** What a process sees of the machine that it runs on. */
export interface ProcessHost {
  readonly node: number;
  readonly name: string;
  /** The name that the agent goes by: the machine's own, unless its disk is a copy of another's. */
  readonly identity: string;
  readonly isHypervisor: boolean;
  readonly frozen: boolean;
  readonly bootId: string;
  readonly disk: Disk;
  readonly hypervisor: Hypervisor;
  readonly configFile: Configuration;
  readonly policy: readonly PromisedGuest[];
  readonly watchdogMs: number;
  readonly memoryKib: number;
  /** The dead-man's file in tmpfs. */
  feed: DeadManFeed | undefined;
  /** Counts the dead-man's heartbeats. */
  readonly heartbeat: number;
  /** Guests that libvirt itself starts at boot. */
  readonly autostart: Set<string>;
  /** Guests for which the agent of this boot ordered a destroy. */
  readonly destroyOrdered: Set<string>;
  now(): Now;
  trueMsAtBoot(bootMs: number): number;
  drawNonce(): string;
  observation(): { readonly kind: "observed"; readonly guests: readonly GuestObservation[] };
  feedWatchdog(): void;
}

/** What a machine and its processes need of the world around them, and what they tell it. */
export interface HostPorts {
  readonly queue: EventQueue;
  /** The stream for everything that varies on hosts: polls, answers, observation delays. */
  readonly random: Prng;
  readonly builds: Builds;
  readonly flaws: LoopFlaws;
  readonly fleet: string;
  readonly adversarial: boolean;
  readonly steady: boolean;
  /** Sends to one machine by name, or to every other one by `*`. */
  send(from: number, to: string, message: Message): void;
  /** One line for the journal. Costs nothing when there is none. */
  say(where: string, text: string): void;
  /** Whether {@link say} goes anywhere: callers skip the making of text. */
  readonly verbose: boolean;
  /** The list of members, as every host has it. */
  members(): readonly FleetHost[];
  /** A machine is a member from now on. */
  joined(node: number): void;
  /** An agent has started: its peers will hear of it. */
  agentStarted(node: number): void;
  /** A watchdog device fired: power off now, and boot. */
  resetHost(node: number): void;
  /** The core threw. */
  coreThrew(host: string, error: unknown): void;
}
