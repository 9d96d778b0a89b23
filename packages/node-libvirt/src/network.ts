/** Virtual networks. Numbers: libvirt's `src/remote/remote_protocol.x`. */
import { bit, flags, int32, nothing, struct, text, truth, uuid, type Value } from "./codec.ts";
import { deregistration } from "./events.ts";
import { listed, listFilter, type Network, networkHandle as network, nullableNetwork } from "./handle.ts";
import { procedure } from "./procedure.ts";

/** virConnectListAllNetworksFlags */
const filter = listFilter({
  inactive: bit(0),
  active: bit(1),
  persistent: bit(2),
  transient: bit(3),
  autostart: bit(4),
  noAutostart: bit(5),
});

/** The methods of `connection.networks`. */
export const networkProcedures = {
  list: procedure("CONNECT_LIST_ALL_NETWORKS", 283, [filter], listed(network)),
  /** @throws LibvirtError `VIR_ERR_NO_NETWORK` */
  lookupByName: procedure("NETWORK_LOOKUP_BY_NAME", 46, [text], network),
  /** @throws LibvirtError `VIR_ERR_NO_NETWORK` */
  lookupByUuid: procedure("NETWORK_LOOKUP_BY_UUID", 47, [uuid], network),
  /** The XML of an active network as it runs; with `inactive`, as its next start would be. */
  xml: procedure("NETWORK_GET_XML_DESC", 43, [network, flags({ inactive: bit(0) })], text),
  define: procedure("NETWORK_DEFINE_XML", 41, [text], network),
  /** Starts a transient network from XML. */
  createXml: procedure("NETWORK_CREATE_XML", 40, [text], network),
  create: procedure("NETWORK_CREATE", 39, [network], nothing),
  destroy: procedure("NETWORK_DESTROY", 42, [network], nothing),
  undefine: procedure("NETWORK_UNDEFINE", 49, [network], nothing),
  autostart: procedure("NETWORK_GET_AUTOSTART", 44, [network], truth),
  setAutostart: procedure("NETWORK_SET_AUTOSTART", 48, [network, truth], nothing),
  isActive: procedure("NETWORK_IS_ACTIVE", 152, [network], truth),
  isPersistent: procedure("NETWORK_IS_PERSISTENT", 153, [network], truth),
  bridgeName: procedure("NETWORK_GET_BRIDGE_NAME", 45, [network], text),
} as const;

/** `virNetworkEventLifecycleType` by number. */
const eventNames = ["defined", "undefined", "started", "stopped"] as const;

/** Something that happened to a network. */
export interface NetworkLifecycleEvent {
  readonly network: Network;
  /** `unknown` is newer than this list. */
  readonly event: (typeof eventNames)[number] | "unknown";
}

/** The lifecycle events of networks. */
export const networkLifecycle = {
  register: procedure("CONNECT_NETWORK_EVENT_REGISTER_ANY", 313, [int32, nullableNetwork], int32),
  deregister: deregistration("CONNECT_NETWORK_EVENT_DEREGISTER_ANY", 314),
  number: 315,
  message: struct({ callbackId: int32, network, event: int32, detail: int32 }),
} as const;

/** The name for the number of an event. */
export function networkLifecycleEvent(message: Value<typeof networkLifecycle.message>): NetworkLifecycleEvent {
  return { network: message.network, event: eventNames[message.event] ?? "unknown" };
}
