import type { Message, PromisedGuest } from "@berth/claims";
import type { EventQueue } from "./event-queue.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import type { Machine } from "./machine.ts";
import type { Network } from "./network.ts";
import type { Oracle } from "./oracle.ts";

/** One guest as the fleet wants it now. */
export interface Wish {
  wanted: "running" | "down";
  /** Node numbers whose class matches. */
  eligible: readonly number[];
  /** True time of the last change; hosts hear of it up to some seconds later. */
  changedAtMs: number;
}

/** The world as faults, operators and questions about its wholeness see it. */
export interface Fleet {
  readonly spec: FleetSpec;
  readonly queue: EventQueue;
  readonly network: Network<Message>;
  readonly machines: readonly Machine[];
  readonly oracle: Oracle;
  /** By guest number. */
  readonly wishes: readonly Wish[];
  /** Machines that an operator drains now. */
  readonly draining: Set<number>;
  /** Machines that go by another one's name. */
  readonly clones: Machine[];
  /** A mutant: a wiped voter's disk gets its old voter id again. */
  readonly wipedVoterKeepsName: boolean;
  readonly verbose: boolean;
  say(where: string, text: string): void;
  machineAt(node: number): Machine;
  machineNamed(name: string): Machine | undefined;
  members(): Machine[];
  /** What policy says on this machine: a copy of a disk is in the classes of the host that it was copied from. */
  policyFor(machine: Machine): PromisedGuest[];
  /** Every machine hears of the present wishes, each in its own time. */
  spreadPolicy(): void;
  /** An operator released this guest: a stop of it is not wrong. */
  noteRelease(guest: string): void;
  /** Every two members that can talk connect. */
  connectAll(): void;
}
