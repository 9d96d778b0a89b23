import type { SourcePosition } from "@berth/model";
import type { PolicyFile } from "../syntax/ast.ts";
import type { FindingList } from "./finding-list.ts";

/** Promises of one type that Berth reads and does not keep. */
export interface NotHandledPromises {
  /** Such as `files` or `packages`. */
  readonly type: string;
  readonly count: number;
  /** Where the first one stands. */
  readonly position: SourcePosition;
}

const handledTypes: ReadonlySet<string> = new Set([
  "meta",
  "vars",
  "classes",
  "methods",
  "guest_environments",
  "reports",
]);

/** Counts the promises of agent and common bundles that are not handled, and says so once for each type. */
export function notHandledPromises(files: readonly PolicyFile[], findings: FindingList): readonly NotHandledPromises[] {
  const rows = new Map<string, { count: number; position: SourcePosition }>();
  for (const bundle of files.flatMap((file) => file.blocks)) {
    if (bundle.kind !== "bundle") continue;
    for (const section of bundle.sections) {
      const first = section.promises[0];
      if (first === undefined || handledTypes.has(section.promiseType.text)) continue;
      const row = rows.get(section.promiseType.text) ?? { count: 0, position: first.position };
      row.count += section.promises.length;
      rows.set(section.promiseType.text, row);
    }
  }
  for (const [type, { count, position }] of rows) {
    const promises = count === 1 ? "promise is" : "promises are";
    findings.add(
      "POLICY_NOT_HANDLED",
      position,
      `${count} ${type} ${promises} not handled by Berth and left to CFEngine`,
      {
        severity: "info",
      },
    );
  }
  return [...rows].map(([type, { count, position }]) => ({ type, count, position }));
}
