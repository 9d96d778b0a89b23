/** Storage pools and their volumes. Numbers: libvirt's `src/remote/remote_protocol.x`. */
import { bit, enumeration, flags, int32, mapped, nothing, struct, text, truth, uint64, uuid } from "./codec.ts";
import {
  listed,
  listFilter,
  poolHandle as pool,
  type StoragePool,
  volumeHandle as volume,
  withoutFlags,
} from "./handle.ts";
import { procedure } from "./procedure.ts";

/** virConnectListAllStoragePoolsFlags */
const poolFilter = listFilter({
  inactive: bit(0),
  active: bit(1),
  persistent: bit(2),
  transient: bit(3),
  autostart: bit(4),
  noAutostart: bit(5),
  dir: bit(6),
  fs: bit(7),
  netfs: bit(8),
  logical: bit(9),
  disk: bit(10),
  iscsi: bit(11),
  scsi: bit(12),
  mpath: bit(13),
  rbd: bit(14),
  sheepdog: bit(15),
  gluster: bit(16),
  zfs: bit(17),
  vstorage: bit(18),
  iscsiDirect: bit(19),
});

/** virStoragePoolCreateFlags */
const startFlags = flags({ build: bit(0), buildOverwrite: bit(1), buildNoOverwrite: bit(2) });

/** virStoragePoolState by number */
const poolState = enumeration(["inactive", "building", "running", "degraded", "inaccessible", "unknown"], "unknown");

/** virStorageVolType by number */
const volumeType = enumeration(["file", "block", "dir", "network", "netdir", "ploop", "unknown"], "unknown");

/** The methods of `connection.pools`. */
export const poolProcedures = {
  list: procedure("CONNECT_LIST_ALL_STORAGE_POOLS", 281, [poolFilter], listed(pool)),
  /** @throws LibvirtError `VIR_ERR_NO_STORAGE_POOL` */
  lookupByName: procedure("STORAGE_POOL_LOOKUP_BY_NAME", 84, [text], pool),
  /** @throws LibvirtError `VIR_ERR_NO_STORAGE_POOL` */
  lookupByUuid: procedure("STORAGE_POOL_LOOKUP_BY_UUID", 85, [uuid], pool),
  /** The pool that a volume lies in. */
  lookupByVolume: procedure("STORAGE_POOL_LOOKUP_BY_VOLUME", 86, [volume], pool),
  xml: procedure("STORAGE_POOL_GET_XML_DESC", 88, [pool, flags({ inactive: bit(0) })], text),
  define: procedure("STORAGE_POOL_DEFINE_XML", 77, [text, flags({ validate: bit(0) })], pool),
  /** Starts a transient pool from XML. */
  createXml: procedure("STORAGE_POOL_CREATE_XML", 76, [text, startFlags], pool),
  /** Makes what the pool stands on: the directory, the volume group, the file system. */
  build: procedure(
    "STORAGE_POOL_BUILD",
    79,
    [pool, flags({ repair: bit(0), resize: bit(1), noOverwrite: bit(2), overwrite: bit(3) })],
    nothing,
  ),
  /** Starts a defined pool. */
  create: procedure("STORAGE_POOL_CREATE", 78, [pool, startFlags], nothing),
  /** Looks again which volumes there are. */
  refresh: procedure("STORAGE_POOL_REFRESH", 83, [withoutFlags(pool)], nothing),
  /** Stops the pool; its volumes stay. */
  destroy: procedure("STORAGE_POOL_DESTROY", 80, [pool], nothing),
  /** Removes what the pool stands on. */
  delete: procedure("STORAGE_POOL_DELETE", 81, [pool, flags({ zeroed: bit(0) })], nothing),
  undefine: procedure("STORAGE_POOL_UNDEFINE", 82, [pool], nothing),
  info: procedure(
    "STORAGE_POOL_GET_INFO",
    87,
    [pool],
    struct({ state: poolState, capacityBytes: uint64, allocationBytes: uint64, availableBytes: uint64 }),
  ),
  autostart: procedure("STORAGE_POOL_GET_AUTOSTART", 89, [pool], truth),
  setAutostart: procedure("STORAGE_POOL_SET_AUTOSTART", 90, [pool, truth], nothing),
  isActive: procedure("STORAGE_POOL_IS_ACTIVE", 154, [pool], truth),
  isPersistent: procedure("STORAGE_POOL_IS_PERSISTENT", 155, [pool], truth),
} as const;

/** A pool, that its volumes are wanted and not only their number, and no filter, for there is none yet. */
const volumesOf = mapped(
  withoutFlags(struct({ pool, needResults: int32 })),
  (of: StoragePool) => ({ pool: of, needResults: 1 }),
  (wire) => wire.pool,
);

/** The methods of `connection.volumes`. */
export const volumeProcedures = {
  list: procedure("STORAGE_POOL_LIST_ALL_VOLUMES", 282, [volumesOf], listed(volume)),
  /** @throws LibvirtError `VIR_ERR_NO_STORAGE_VOL` */
  lookupByName: procedure("STORAGE_VOL_LOOKUP_BY_NAME", 95, [pool, text], volume),
  /** @throws LibvirtError `VIR_ERR_NO_STORAGE_VOL` */
  lookupByPath: procedure("STORAGE_VOL_LOOKUP_BY_PATH", 97, [text], volume),
  /** @throws LibvirtError `VIR_ERR_NO_STORAGE_VOL` */
  lookupByKey: procedure("STORAGE_VOL_LOOKUP_BY_KEY", 96, [text], volume),
  create: procedure(
    "STORAGE_VOL_CREATE_XML",
    93,
    [pool, text, flags({ preallocMetadata: bit(0), reflink: bit(1), validate: bit(2) })],
    volume,
  ),
  delete: procedure("STORAGE_VOL_DELETE", 94, [volume, flags({ zeroed: bit(0), withSnapshots: bit(1) })], nothing),
  info: procedure(
    "STORAGE_VOL_GET_INFO",
    98,
    [volume],
    struct({ type: volumeType, capacityBytes: uint64, allocationBytes: uint64 }),
  ),
  path: procedure("STORAGE_VOL_GET_PATH", 100, [volume], text),
  xml: procedure("STORAGE_VOL_GET_XML_DESC", 99, [withoutFlags(volume)], text),
} as const;
