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

/** Attributes of `reports` that CFEngine keeps with its own files and databases; the text itself is printed. */
const reportExtras: ReadonlySet<string> = new Set([
  "printfile",
  "report_to_file",
  "showstate",
  "friend_pattern",
  "intermittency",
  "lastseen",
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
  tellReportExtras(files, findings);
  return [...rows].map(([type, { count, position }]) => ({ type, count, position }));
}

/** Says once for each attribute that a report does less than it says. */
function tellReportExtras(files: readonly PolicyFile[], findings: FindingList): void {
  const told = new Set<string>();
  for (const bundle of files.flatMap((file) => file.blocks)) {
    if (bundle.kind !== "bundle") continue;
    const reports = bundle.sections.filter(({ promiseType }) => promiseType.text === "reports");
    for (const { name } of reports.flatMap(({ promises }) => promises.flatMap(({ attributes }) => attributes))) {
      if (!reportExtras.has(name.text) || told.has(name.text)) continue;
      told.add(name.text);
      const message = `${name.text} of reports is not handled by Berth, which prints the text alone`;
      findings.add("POLICY_NOT_HANDLED", name.position, message, { severity: "info" });
    }
  }
}
