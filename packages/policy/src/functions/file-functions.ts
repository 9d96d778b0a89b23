/** Functions that ask the caller for files, and two that ask it to run a command, which it must have allowed. */
import { list, scalar } from "../evaluate/policy-value.ts";
import { type Argument, type FunctionContext, type FunctionFamily, parameter, textAt } from "./function-types.ts";
import { numberAt } from "./number-functions.ts";
import { patternAt, selectMatching, splitByPattern } from "./pattern-argument.ts";

const shells = ["noshell", "useshell", "powershell"] as const;

/** Functions that look at files, and `execresult`, through the caller's {@link FunctionContext.world}. */
export const fileFunctions: FunctionFamily = {
  readfile: {
    parameters: [parameter("file", "path"), parameter("maximum bytes", "int")],
    optional: 1,
    returns: "string",
    apply: (args, context, position) => {
      const text = readText("readfile", args, context, position);
      const maximum = args.length > 1 ? numberAt(args, 1) : 0;
      return text === undefined ? undefined : scalar(maximum > 0 ? text.slice(0, maximum) : text);
    },
  },
  readstringlist: {
    parameters: [
      parameter("file", "path"),
      parameter("comment", "regex"),
      parameter("separator", "regex"),
      parameter("maximum entries", "int"),
      parameter("maximum bytes", "int"),
    ],
    returns: "slist",
    apply: (args, context, position) => {
      const text = readText("readstringlist", args, context, position)?.slice(0, numberAt(args, 4));
      const comment = patternAt(args, 1, context);
      const separator = patternAt(args, 2, context);
      if (text === undefined || comment === undefined || separator === undefined) return undefined;
      const bare = textAt(args, 1) === "" ? [text] : splitByPattern(text, comment, Number.POSITIVE_INFINITY);
      const parts = bare === undefined ? undefined : splitByPattern(bare.join(""), separator, Number.POSITIVE_INFINITY);
      return parts === undefined ? undefined : list(parts.filter((part) => part !== "").slice(0, numberAt(args, 3)));
    },
  },
  fileexists: fileQuestion(() => true),
  isdir: fileQuestion((status) => status.kind === "directory"),
  isplain: fileQuestion((status) => status.kind === "file"),
  isexecutable: fileQuestion((status) => status.executable),
  filesize: {
    parameters: [parameter("file", "path")],
    returns: "int",
    apply: (args, { world }) => {
      const status = world.fileStatus(textAt(args, 0));
      return status === undefined ? undefined : scalar(String(status.sizeBytes), "int");
    },
  },
  regline: {
    parameters: [parameter("pattern", "regex"), parameter("file", "path")],
    returns: "class",
    apply: (args, context) => {
      const file = context.world.readFile(textAt(args, 1));
      if (!file.ok) return false;
      const selected = selectMatching(args, 0, file.text.split("\n"), context);
      return selected === undefined ? undefined : selected.length > 0;
    },
  },
  execresult: {
    parameters: [parameter("command"), parameter("shell", "string", shells)],
    returns: "string",
    apply: (args, context, position) => {
      const result = runCommand("execresult", args, context, position);
      return result === undefined ? undefined : scalar(result.output.replace(/\n$/, ""));
    },
  },
  returnszero: {
    parameters: [parameter("command"), parameter("shell", "string", shells)],
    returns: "class",
    apply: (args, context, position) => runCommand("returnszero", args, context, position)?.ok,
  },
};

function readText(name: string, args: readonly Argument[], context: FunctionContext, position: Argument["position"]) {
  const path = textAt(args, 0);
  const file = context.world.readFile(path);
  if (file.ok) return file.text;
  context.fail("POLICY_FILE_UNREADABLE", `${name}: cannot read ${path}: ${file.error}`, position, "warning");
  return undefined;
}

function fileQuestion(
  holds: (status: { readonly kind: string; readonly executable: boolean }) => boolean,
): FunctionFamily[string] {
  return {
    parameters: [parameter("file", "path")],
    returns: "class",
    apply: (args, { world }) => {
      const status = world.fileStatus(textAt(args, 0));
      return status !== undefined && holds(status);
    },
  };
}

function runCommand(name: string, args: readonly Argument[], context: FunctionContext, position: Argument["position"]) {
  const { allowCommands, world } = context;
  if (!allowCommands || world.runCommand === undefined) {
    const message = `${name} runs a command while policy is only being read; it is off unless the configuration allows it`;
    context.fail("POLICY_COMMANDS_NOT_ALLOWED", message, position, "warning");
    return undefined;
  }
  const shell = textAt(args, 1);
  return world.runCommand(textAt(args, 0), shell === "useshell" || shell === "powershell" ? shell : "noshell");
}
