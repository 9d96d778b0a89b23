import { appendFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";

/** One act of an operator that a safety check would have refused, or that ends somebody's membership. */
export interface AuditEntry {
  /** RFC 3339. */
  readonly at: string;
  readonly operator: string;
  /** Such as `remove h3`. */
  readonly act: string;
  readonly reason: string;
}

/** Name of the file in the state directory; a line of JSON for each act. */
export const auditFile = "fleet-audit.jsonl";

/** Adds a line. Throws what the file system throws: what cannot be written down is not done. */
export function recordAct(stateDir: string, entry: AuditEntry): void {
  appendFileSync(join(stateDir, auditFile), `${JSON.stringify(entry)}\n`, { mode: 0o600, flush: true });
}

/** As {@link recordAct}, for the agent: a disk that is slow to sync must not hold up its renewals. Rejects where that throws. */
export async function recordActLater(stateDir: string, entry: AuditEntry): Promise<void> {
  await appendFile(join(stateDir, auditFile), `${JSON.stringify(entry)}\n`, { mode: 0o600, flush: true });
}
