import { basename, dirname } from "node:path";
import { descend, newElement, parseXml, textOf, writeXml } from "@berth/domain-xml";
import type { VolumeStep } from "@berth/planner";
import type { Connection, StoragePool } from "node-libvirt";
import { AgentError } from "../../agent-error.ts";
import { Semaphore } from "../../semaphore.ts";
import { isLibvirtCode } from "./libvirt-failure.ts";

/** How long making a volume may take. @default 5 min: qcow2 needs milliseconds, a busy disk more */
const createDeadlineMs = 300_000;

/**
 * Makes disks through libvirt's storage pools, so that the file belongs to whom libvirt wants and is known to it. One
 * at a time: libvirt refuses to look into a pool while it makes a volume there.
 */
export class VolumePerformer {
  readonly #connection: Connection;
  readonly #turn = new Semaphore(1);

  constructor(components: { readonly connection: Connection }) {
    this.#connection = components.connection;
  }

  perform(step: VolumeStep): Promise<void> {
    return this.#turn.run(() => this.#createVolume(step));
  }

  async #createVolume(step: VolumeStep): Promise<void> {
    if (await volumeExists(this.#connection, step.path)) return;
    const { pools, volumes } = this.#connection;
    const pool = await this.#poolFor(dirname(step.path));
    // A file that came into the folder otherwise is not known to the pool yet.
    await pools.refresh(pool);
    if (await volumeExists(this.#connection, step.path)) return;
    await volumes.create(pool, volumeXml(step), {}, { deadlineMs: createDeadlineMs });
  }

  /** The active dir pool of a folder: the one there is, or a new one that lasts. */
  async #poolFor(folder: string): Promise<StoragePool> {
    const { pools } = this.#connection;
    const known = await pools.list();
    for (const pool of known) {
      if ((await this.#folderOf(pool)) === folder) return this.#activated(pool);
    }
    const taken = new Set(known.map(({ name }) => name));
    const name = [basename(folder), folder.slice(1).replaceAll("/", "-")].find((wanted) => !taken.has(wanted));
    if (name === undefined || name === "") {
      throw new AgentError("OPERATION_FAILED", `no name is free for a storage pool of ${folder}`, {
        remedy: `define a dir pool with the target ${folder}`,
      });
    }
    const target = newElement("target", {}, [newElement("path", {}, [folder])]);
    const xml = writeXml(newElement("pool", { type: "dir" }, [newElement("name", {}, [name]), target]));
    return this.#activated(await pools.define(xml));
  }

  async #activated(pool: StoragePool): Promise<StoragePool> {
    const { pools } = this.#connection;
    if (await pools.isActive(pool)) return pool;
    await pools.build(pool);
    await pools.create(pool);
    if (!(await pools.autostart(pool))) await pools.setAutostart(pool, true);
    return pool;
  }

  async #folderOf(pool: StoragePool): Promise<string | undefined> {
    const parsed = parseXml(await this.#connection.pools.xml(pool));
    const path = parsed.ok ? descend(parsed.root, "target", "path") : undefined;
    return path && textOf(path).replace(/(.)\/+$/, "$1");
  }
}

/** Whether a pool of libvirt knows a volume with this path. */
export async function volumeExists(connection: Connection, path: string): Promise<boolean> {
  try {
    await connection.volumes.lookupByPath(path);
    return true;
  } catch (error) {
    if (isLibvirtCode(error, "VIR_ERR_NO_STORAGE_VOL", "VIR_ERR_NO_STORAGE_POOL", "VIR_ERR_NO_SUPPORT")) return false;
    throw error;
  }
}

/** Source: libvirt.org/formatstorage.html. Without a capacity the volume is as large as its backing image. */
function volumeXml({ path, capacityBytes, backing }: VolumeStep): string {
  return writeXml(
    newElement("volume", {}, [
      newElement("name", {}, [basename(path)]),
      capacityBytes === undefined ? undefined : newElement("capacity", { unit: "bytes" }, [String(capacityBytes)]),
      newElement("target", {}, [newElement("format", { type: "qcow2" })]),
      backing &&
        newElement("backingStore", {}, [
          newElement("path", {}, [backing.path]),
          newElement("format", { type: backing.format ?? "qcow2" }),
        ]),
    ]),
  );
}
