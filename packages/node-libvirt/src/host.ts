/** The host and the connection itself. Numbers: libvirt's `src/remote/remote_protocol.x`. */
import { array, characters, flags, int32, mapped, nothing, nullable, struct, text, truth, uint64 } from "./codec.ts";
import { withoutFlags } from "./handle.ts";
import { procedure } from "./procedure.ts";

/** REMOTE_AUTH_TYPE_LIST_MAX */
const authTypesMaximum = 20;

/** How a connection is opened and closed. */
export const connectionProcedures = {
  authList: procedure("AUTH_LIST", 66, [], array(int32, authTypesMaximum)),
  supportsFeature: procedure("CONNECT_SUPPORTS_FEATURE", 60, [int32], truth),
  open: procedure("CONNECT_OPEN", 1, [nullable(text), flags({ readOnly: 1 })], nothing),
  close: procedure("CONNECT_CLOSE", 2, [], nothing),
} as const;

const kind = struct({ emulator: nullable(text), arch: nullable(text), machine: nullable(text), type: nullable(text) });

/** What to tell the capabilities of; the driver chooses what is left out. */
export interface DomainCapabilitiesRequest {
  /** Path of the emulator. */
  readonly emulator?: string | undefined;
  readonly arch?: string | undefined;
  readonly machine?: string | undefined;
  /** Domain type, such as `kvm`. */
  readonly type?: string | undefined;
}

const domainCapabilitiesRequest = mapped(
  kind,
  ({ emulator, arch, machine, type }: DomainCapabilitiesRequest = {}) => ({ emulator, arch, machine, type }),
  (wire): DomainCapabilitiesRequest | undefined => ({
    emulator: wire.emulator ?? undefined,
    arch: wire.arch ?? undefined,
    machine: wire.machine ?? undefined,
    type: wire.type ?? undefined,
  }),
);

const nodeInfo = struct({
  model: characters(32),
  memoryKib: uint64,
  cpus: int32,
  mhz: int32,
  nodes: int32,
  sockets: int32,
  cores: int32,
  threads: int32,
});

/** The methods of `connection.host`. */
export const hostProcedures = {
  /** Name of the driver, such as `QEMU`. */
  type: procedure("CONNECT_GET_TYPE", 3, [], text),
  /** Of libvirt on the daemon's side: 1,000,000 x major + 1,000 x minor + release. */
  libvirtVersion: procedure("CONNECT_GET_LIB_VERSION", 157, [], uint64),
  /** As {@link libvirtVersion}, of the hypervisor. */
  hypervisorVersion: procedure("CONNECT_GET_VERSION", 4, [], uint64),
  hostname: procedure("CONNECT_GET_HOSTNAME", 59, [], text),
  /** The URI as the daemon sees it. */
  uri: procedure("CONNECT_GET_URI", 110, [], text),
  /** XML. */
  capabilities: procedure("CONNECT_GET_CAPABILITIES", 7, [], text),
  /** XML: what domains of one kind can have here. */
  domainCapabilities: procedure(
    "CONNECT_GET_DOMAIN_CAPABILITIES",
    342,
    [withoutFlags(domainCapabilitiesRequest)],
    text,
  ),
  nodeInfo: procedure("NODE_GET_INFO", 6, [], nodeInfo),
  freeMemoryBytes: procedure("NODE_GET_FREE_MEMORY", 102, [], uint64),
} as const;
