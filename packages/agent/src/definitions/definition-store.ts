import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { GuestId } from "@berth/claims";
import { AgentError, reasonOf } from "../agent-error.ts";
import { checkedLine, readCheckedLine } from "../store/checked-line.ts";

/** A definition that stands on hosts only, not in policy, as this host knows it. */
export interface KeptDefinition {
  readonly guest: GuestId;
  readonly uuid: string;
  /** Epoch of the claim under which its owner had it. The highest wins. */
  readonly epoch: number;
  /** libvirt's inactive XML, passwords of displays included. */
  readonly xml: string;
  /** This host's hypervisor has it. False for one that travelled here and was not needed yet. */
  readonly applied: boolean;
}

/** What is on the disk but cannot be used; the owner sends it again. */
export interface DamagedDefinition {
  readonly file: string;
  readonly why: string;
}

/** Where the definitions are kept. */
export function definitionsPath(stateDir: string): string {
  return join(stateDir, "definitions");
}

/**
 * Definitions that have travelled, one file each, synced before they count. A host that takes a guest over may be the last
 * one that has its definition, so none is ever thrown away for its age. Changes are made one after the other and beside
 * everything else: a thousand of them at once must not hold up the lease.
 */
export class DefinitionStore {
  readonly damaged: readonly DamagedDefinition[];
  readonly #folder: string;
  readonly #kept = new Map<GuestId, KeptDefinition>();
  #changes: Promise<unknown> = Promise.resolve();

  /** @throws AgentError STATE_FILE_UNAVAILABLE when the folder cannot be used */
  constructor(components: { readonly stateDir: string }) {
    this.#folder = definitionsPath(components.stateDir);
    this.damaged = this.#load();
  }

  get(guest: GuestId): KeptDefinition | undefined {
    return this.#kept.get(guest);
  }

  /**
   * Keeps it where it is newer than what is kept. True when it was news.
   *
   * @param isOwners - it is the present owner's word, which alone may replace another one of the same epoch: anybody else may
   * have an older one. @throws AgentError STATE_FILE_UNAVAILABLE
   */
  offer(definition: KeptDefinition, isOwners: boolean): Promise<boolean> {
    return this.#change(async () => {
      const known = this.#kept.get(definition.guest);
      if (known !== undefined && !replaces(definition, known, isOwners)) return false;
      await this.#write(definition);
      return true;
    });
  }

  /** The hypervisor has it now. @throws AgentError STATE_FILE_UNAVAILABLE */
  markApplied(definition: KeptDefinition): Promise<void> {
    return this.#change(async () => {
      if (this.#kept.get(definition.guest) === definition) await this.#write({ ...definition, applied: true });
    });
  }

  /** Resolves when every change so far is on the disk, or has failed. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  #change<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#changes.then(work);
    this.#changes = result.catch(() => {});
    return result;
  }

  /** Written beside it, synced and renamed: a reader, and whoever comes after a crash, sees the old text or the new one. */
  async #write(definition: KeptDefinition): Promise<void> {
    const file = this.#fileOf(definition.guest);
    const draft = `${file}.new`;
    try {
      await withFile(await open(draft, "w", 0o600), async (handle) => {
        await handle.writeFile(`${checkedLine(JSON.stringify(definition))}\n`);
        await handle.sync();
      });
      await rename(draft, file);
      await withFile(await open(this.#folder, "r"), (folder) => folder.sync());
    } catch (cause) {
      await rm(draft, { force: true }).catch(() => {});
      throw new AgentError("STATE_FILE_UNAVAILABLE", `${file} cannot be written: ${reasonOf(cause)}`, { cause });
    }
    this.#kept.set(definition.guest, definition);
  }

  #load(): readonly DamagedDefinition[] {
    const damaged: DamagedDefinition[] = [];
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const name of readdirSync(this.#folder)) {
        if (!name.endsWith(".definition")) continue;
        const file = join(this.#folder, name);
        const text = readCheckedLine(readFileSync(file, "utf8").replace(/\n$/, ""));
        if (text === undefined) damaged.push({ file, why: "its checksum does not fit" });
        else this.#take(JSON.parse(text) as KeptDefinition);
      }
    } catch (cause) {
      const message = `${this.#folder} cannot be used: ${reasonOf(cause)}`;
      throw new AgentError("STATE_FILE_UNAVAILABLE", message, { cause });
    }
    return damaged;
  }

  #take(definition: KeptDefinition): void {
    this.#kept.set(definition.guest, definition);
  }

  /** Names of guests may hold anything but a slash; escaped, they cannot mean another file. */
  #fileOf(guest: GuestId): string {
    return join(this.#folder, `${encodeURIComponent(guest).replaceAll(".", "%2E")}.definition`);
  }
}

/** A higher epoch always; the same one where its owner changed it. */
function replaces(offered: KeptDefinition, known: KeptDefinition, isOwners: boolean): boolean {
  if (offered.epoch !== known.epoch) return offered.epoch > known.epoch;
  return isOwners && (offered.xml !== known.xml || (offered.applied && !known.applied));
}

async function withFile(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
