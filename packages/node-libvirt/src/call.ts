/**
 * Calls that wait, calls that are out, and their answers.
 *
 * The daemon stops reading from a client that has five calls running (`max_client_requests`), and a stuck guest can
 * hold a call for seconds. So at most four are out; the others wait here in order. A call that its caller gave up
 * (deadline, abort) still runs in the daemon: it keeps its place until the daemon answers, and the answer is dropped.
 */
import type { CallOptions } from "./call-options.ts";
import { decodeWhole, int32, nullable, struct, text, uuid } from "./codec.ts";
import { clientError, errorFromLibvirt, LibvirtError } from "./errors.ts";
import {
  encodeFrame,
  type FrameHeader,
  messageStatus,
  messageType,
  programVersion,
  remoteProgram,
  setSerial,
} from "./frame.ts";
import { whenGivenUp } from "./give-up.ts";
import type { AnyProcedure, Procedure } from "./procedure.ts";
import type { XdrReader } from "./xdr.ts";

/** Calls out at once. @default 4: the daemon's `max_client_requests` is 5, and one place is left for keepalive. */
export const callsInFlightMaximum = 4;

const domainReference = nullable(struct({ name: text, uuid, id: int32 }));
const networkReference = nullable(struct({ name: text, uuid }));

/** virNetMessageError */
export const errorReply = struct({
  code: int32,
  domain: int32,
  message: nullable(text),
  level: int32,
  domainReference,
  str1: nullable(text),
  str2: nullable(text),
  str3: nullable(text),
  int1: int32,
  int2: int32,
  networkReference,
});

type Outcome = { readonly value: unknown } | { readonly error: LibvirtError };

interface PendingCall {
  readonly procedure: AnyProcedure;
  readonly frame: Buffer;
  sent: boolean;
  /** The first outcome counts; later ones are dropped. */
  settle: (outcome: Outcome) => void;
}

/** The calls of one connection. */
export class CallQueue {
  readonly #write: (frame: Buffer) => void;
  readonly #deadlineMs: number;
  /** In order of submission. */
  readonly #waiting = new Set<PendingCall>();
  readonly #inFlight = new Map<number, PendingCall>();
  #lastSerial = 0;
  #failure: LibvirtError | undefined;

  constructor(write: (frame: Buffer) => void, deadlineMs: number) {
    this.#write = write;
    this.#deadlineMs = deadlineMs;
  }

  /** True when a call would be sent at once. */
  get free(): boolean {
    return this.#failure === undefined && this.#inFlight.size < callsInFlightMaximum;
  }

  /**
   * Sends the call when its turn comes. `onResult` sees the result before any later frame is looked at.
   * @throws LibvirtError as rejection: libvirt's own, `DEADLINE`, `ABORTED`, `DECODE`, `ENCODE`, or why the connection ended
   */
  submit<Args extends readonly unknown[], Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    options: CallOptions = {},
    onResult?: (result: Result) => void,
  ): Promise<Result> {
    const { signal, deadlineMs = this.#deadlineMs } = options;
    return new Promise((resolve, reject) => {
      const frame = encodeCall(procedure, args);
      if (this.#failure !== undefined) throw toldOf(this.#failure, procedure.name, false);
      const call: PendingCall = {
        procedure,
        frame,
        sent: false,
        settle: (outcome) => {
          disarm();
          this.#waiting.delete(call);
          call.settle = () => {};
          if ("error" in outcome) return reject(outcome.error);
          onResult?.(outcome.value as Result);
          resolve(outcome.value as Result);
        },
      };
      if (signal?.aborted) throw givenUp("ABORTED", call, signal);
      const disarm = whenGivenUp({ signal, deadlineMs }, (code) => call.settle({ error: givenUp(code, call, signal) }));
      this.#waiting.add(call);
      this.#sendNext();
    });
  }

  /**
   * Settles the call that a reply frame belongs to.
   * @throws LibvirtError `PROTOCOL` when no call waits for it: the stream can then not be trusted any more
   */
  reply(header: FrameHeader, reader: XdrReader): void {
    const call = this.#inFlight.get(header.serial);
    if (call === undefined) {
      throw clientError("PROTOCOL", `libvirt answered call ${header.serial}, which is not waiting for an answer`);
    }
    if (call.procedure.number !== header.procedure) {
      throw clientError("PROTOCOL", `libvirt answered call ${header.serial} as another procedure, ${header.procedure}`);
    }
    this.#inFlight.delete(header.serial);
    call.settle(decodeReply(call.procedure, header, reader));
    this.#sendNext();
  }

  /** Settles all calls with `error`, and every later one too. */
  fail(error: LibvirtError): void {
    this.#failure ??= error;
    const calls = [...this.#inFlight.values(), ...this.#waiting];
    this.#inFlight.clear();
    for (const call of calls) call.settle({ error: toldOf(error, call.procedure.name, call.sent) });
  }

  #sendNext(): void {
    for (const call of this.#waiting) {
      if (!this.free) return;
      this.#waiting.delete(call);
      call.sent = true;
      this.#lastSerial = (this.#lastSerial % 0xffff_ffff) + 1;
      setSerial(call.frame, this.#lastSerial);
      this.#inFlight.set(this.#lastSerial, call);
      this.#write(call.frame);
    }
  }
}

function encodeCall(procedure: AnyProcedure, args: readonly unknown[]): Buffer {
  const header = {
    program: remoteProgram,
    version: programVersion,
    procedure: procedure.number,
    type: messageType.call,
    serial: 0,
    status: messageStatus.ok,
  };
  return encodeFrame(header, (writer) => {
    for (const [index, codec] of procedure.args.entries()) codec.encode(writer, args[index]);
  });
}

function decodeReply(procedure: AnyProcedure, header: FrameHeader, reader: XdrReader): Outcome {
  try {
    if (header.status === messageStatus.ok) return { value: decodeWhole(procedure.result, reader) };
    const { code, domain, level, message } = decodeWhole(errorReply, reader);
    return { error: errorFromLibvirt({ code, domain, level }, message ?? "libvirt gave no reason", procedure.name) };
  } catch (cause) {
    if (!(cause instanceof LibvirtError)) throw cause;
    return { error: toldOf(cause, procedure.name, true) };
  }
}

/** The same failure, told of one procedure. */
function toldOf(error: LibvirtError, procedure: string, sent: boolean): LibvirtError {
  return new LibvirtError(error.code, `${procedure}: ${error.message}`, { cause: error, procedure, sent });
}

function givenUp(code: "ABORTED" | "DEADLINE", call: PendingCall, signal?: AbortSignal): LibvirtError {
  const { procedure, sent } = call;
  const where = sent ? "libvirt had not answered yet" : "the call still waited behind others";
  const who = code === "DEADLINE" ? "the deadline passed" : "the caller gave up";
  return clientError(code, `${procedure.name}: ${who}; ${where}`, {
    cause: signal?.reason,
    procedure: procedure.name,
    sent,
  });
}
