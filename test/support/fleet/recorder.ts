/** The recorder as a test holds it: a process of its own, asked by messages. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { RecorderAnswer, RecorderRequest } from "./recorder-messages.ts";
import type { RunRecord } from "./run-record.ts";

const program = fileURLToPath(new URL("./recorder-process.ts", import.meta.url));

/** Now, by the clock of the recorder and of every process of this machine, in milliseconds. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One recorder for one fleet. */
export class Recorder {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: RecorderAnswer) => void>();
  #requests = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (answer: RecorderAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    child.on("exit", (code) => {
      for (const [id, settle] of this.#waiting) settle({ id, problem: `the recorder ended with status ${code}` });
      this.#waiting.clear();
    });
  }

  /** Listens for all guests on all hosts, at `<folder>/<host>/<guest>`. */
  static async start(init: { folder: string; hosts: readonly string[]; guests: readonly string[] }): Promise<Recorder> {
    const recorder = new Recorder(fork(program, { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] }));
    await recorder.#ask({ kind: "listen", ...init });
    return recorder;
  }

  /** Takes in a libvirtd's lifecycle events from now on; across its restarts, until another is named. */
  async watch(host: string, uri: string): Promise<void> {
    await this.#ask({ kind: "watch", host, uri });
  }

  async unwatch(host: string): Promise<void> {
    await this.#ask({ kind: "unwatch", host });
  }

  /** Everything that went on at `sinceMs` or later. */
  async look(sinceMs = 0): Promise<RunRecord> {
    const answer = await this.#ask({ kind: "look", sinceMs });
    if ("record" in answer) return answer.record;
    throw new Error("the recorder sent no record");
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  #ask(request: RecorderRequest): Promise<RecorderAnswer> {
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (answer) => {
        if ("problem" in answer) reject(new Error(`${request.kind}: ${answer.problem}`));
        else resolve(answer);
      });
      this.#child.send({ id, request });
    });
  }
}
