/** What each kind of step leads to from each start state, on every hypervisor. */
import type { NetworkState, StartState, StepInit } from "./contract-host.ts";

/** For each start state the state after the step, or the code of the refusal. */
type Expectations = Readonly<Record<StartState, string>>;

/** The step changes nothing; a crashed guest is off. */
export const same: Expectations = {
  absent: "NOT_FOUND",
  off: "off",
  running: "running",
  paused: "paused",
  transient: "running transient",
  "managed save": "off saved",
  crashed: "off",
};

const stopped: Expectations = { ...same, absent: "absent", running: "off", paused: "off", transient: "absent" };

/** Each kind of step on a guest, with what it leads to. */
export const guestCells: readonly (readonly [string, (name: string) => StepInit, Expectations])[] = [
  [
    "start-domain",
    (domain) => ({ kind: "start-domain", domain, paused: false, discardSave: false }),
    { ...same, off: "running", paused: "OPERATION_INVALID", "managed save": "running", crashed: "running" },
  ],
  [
    "start-domain paused",
    (domain) => ({ kind: "start-domain", domain, paused: true, discardSave: false }),
    {
      ...same,
      off: "paused",
      running: "OPERATION_INVALID",
      transient: "OPERATION_INVALID",
      "managed save": "paused",
      crashed: "paused",
    },
  ],
  [
    "start-domain that discards a managed save",
    (domain) => ({ kind: "start-domain", domain, paused: false, discardSave: true }),
    { ...same, off: "running", paused: "OPERATION_INVALID", "managed save": "running", crashed: "running" },
  ],
  [
    "resume-domain",
    (domain) => ({ kind: "resume-domain", domain }),
    {
      ...same,
      off: "OPERATION_INVALID",
      paused: "running",
      "managed save": "OPERATION_INVALID",
      crashed: "OPERATION_INVALID",
    },
  ],
  [
    "suspend-domain",
    (domain) => ({ kind: "suspend-domain", domain }),
    {
      ...same,
      off: "OPERATION_INVALID",
      running: "paused",
      transient: "paused transient",
      "managed save": "OPERATION_INVALID",
      crashed: "OPERATION_INVALID",
    },
  ],
  ["shutdown-domain", (domain) => ({ kind: "shutdown-domain", domain, timeoutMs: 300 }), stopped],
  ["destroy-domain", (domain) => ({ kind: "destroy-domain", domain }), stopped],
  [
    "undefine-domain",
    (domain) => ({ kind: "undefine-domain", domain }),
    {
      absent: "absent",
      off: "absent",
      running: "running transient",
      paused: "paused transient",
      transient: "running transient",
      "managed save": "absent",
      crashed: "absent",
    },
  ],
  [
    "remove-managed-save",
    (domain) => ({ kind: "remove-managed-save", domain }),
    { ...same, absent: "absent", "managed save": "off" },
  ],
  [
    "set-vcpus of the next boot",
    (domain) => ({ kind: "set-vcpus", domain, count: 2, live: false, config: true }),
    { ...same, transient: "OPERATION_INVALID" },
  ],
  [
    "set-memory of the next boot",
    (domain) => ({ kind: "set-memory", domain, kib: 16_384, live: false, config: true }),
    { ...same, transient: "OPERATION_INVALID" },
  ],
  [
    "set-domain-autostart",
    (domain) => ({ kind: "set-domain-autostart", domain, autostart: true }),
    { ...same, transient: "OPERATION_INVALID" },
  ],
];

/** Each kind of step on a network, with what it leads to. */
export const networkCells: readonly (readonly [
  string,
  (network: string) => StepInit,
  Readonly<Record<NetworkState, string>>,
])[] = [
  [
    "start-network",
    (network) => ({ kind: "start-network", network }),
    { absent: "NOT_FOUND", inactive: "active", active: "active", transient: "active transient" },
  ],
  [
    "stop-network",
    (network) => ({ kind: "stop-network", network }),
    { absent: "absent", inactive: "inactive", active: "inactive", transient: "absent" },
  ],
  [
    "undefine-network",
    (network) => ({ kind: "undefine-network", network }),
    { absent: "absent", inactive: "absent", active: "active transient", transient: "active transient" },
  ],
  [
    "set-network-autostart",
    (network) => ({ kind: "set-network-autostart", network, autostart: true }),
    { absent: "NOT_FOUND", inactive: "inactive", active: "active", transient: "OPERATION_INVALID" },
  ],
];
