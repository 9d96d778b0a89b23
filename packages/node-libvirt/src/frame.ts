/**
 * A frame is its length (the length's own four bytes counted), six words of header, and the payload. The splitter cuts
 * the byte stream into frames wherever the chunks happen to break, and holds only bytes that really arrived: a length
 * is a claim, not a reason to allocate.
 *
 * Source: libvirt `src/rpc/virnetprotocol.x`.
 */
import { clientError } from "./errors.ts";
import { XdrWriter } from "./xdr.ts";

const lengthBytes = 4;
/** Length and header: the shortest frame. */
export const headerBytes = 28;
/** VIR_NET_MESSAGE_MAX, to which the length word is not counted. */
export const frameBytesMaximum = (32 << 20) + lengthBytes;
const serialOffset = 20;

/** REMOTE_PROGRAM: libvirt's calls and events. */
export const remoteProgram = 0x20008086;
/** KEEPALIVE_PROGRAM: pings, on the same socket. */
export const keepAliveProgram = 0x6b656570;
/** All of them are at version 1. */
export const programVersion = 1;

/** virNetMessageType, as far as this client speaks it. */
export const messageType = { call: 0, reply: 1, message: 2 } as const;
/** virNetMessageStatus, as far as this client speaks it. */
export const messageStatus = { ok: 0, error: 1 } as const;

/** The six words in front of a payload. */
export interface FrameHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

/** Makes a frame; `payload` writes what follows the header. @throws LibvirtError `ENCODE` when it gets too large */
export function encodeFrame(header: FrameHeader, payload: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter();
  writer.uint32(0);
  writer.uint32(header.program);
  writer.uint32(header.version);
  writer.int32(header.procedure);
  writer.int32(header.type);
  writer.uint32(header.serial);
  writer.int32(header.status);
  payload(writer);
  if (writer.length > frameBytesMaximum) {
    throw clientError("ENCODE", `a message of ${writer.length} bytes is longer than the 32 MiB that libvirt takes`);
  }
  writer.patchUint32(0, writer.length);
  return writer.bytes();
}

/** Sets the serial of a frame made before: a call gets its serial when it is sent. */
export function setSerial(frame: Buffer, serial: number): void {
  frame.writeUInt32BE(serial, serialOffset);
}

/** Reads the header of a whole frame. */
export function decodeHeader(frame: Buffer): FrameHeader {
  return {
    program: frame.readUInt32BE(4),
    version: frame.readUInt32BE(8),
    procedure: frame.readInt32BE(12),
    type: frame.readInt32BE(16),
    serial: frame.readUInt32BE(serialOffset),
    status: frame.readInt32BE(24),
  };
}

/** Cuts a stream of bytes into frames. */
export class FrameSplitter {
  #partial = Buffer.alloc(0);
  #filled = 0;

  /** True when the stream may not end here. */
  get insideFrame(): boolean {
    return this.#filled > 0;
  }

  /** Bytes set aside for an unfinished frame: at most twice what arrived of it, and never more than it claims. */
  get bytesHeld(): number {
    return this.#partial.length;
  }

  /**
   * The frames which `chunk` completes. Each shares its memory: read it before the next one is asked for.
   * @throws LibvirtError `PROTOCOL` when a frame claims a length outside 28 bytes to 32 MiB
   */
  *push(chunk: Buffer): Generator<Buffer, void> {
    let offset = 0;
    while (offset < chunk.length) {
      const whole = this.#filled === 0 ? wholeFrameAt(chunk, offset) : undefined;
      if (whole !== undefined) {
        offset += whole.length;
        yield whole;
        continue;
      }
      offset += this.#collect(chunk, offset);
      if (this.#filled < lengthBytes || this.#filled < frameLength(this.#partial)) continue;
      const frame = this.#partial.subarray(0, this.#filled);
      this.#partial = Buffer.alloc(0);
      this.#filled = 0;
      yield frame;
    }
  }

  /** Takes what the unfinished frame, or its length word, still needs; returns how many bytes that were. */
  #collect(chunk: Buffer, offset: number): number {
    const goal = this.#filled < lengthBytes ? lengthBytes : frameLength(this.#partial);
    const taken = Math.min(goal - this.#filled, chunk.length - offset);
    if (this.#filled + taken > this.#partial.length) {
      const capacity = Math.min(goal, Math.max(2 * this.#partial.length, this.#filled + taken));
      const larger = Buffer.allocUnsafeSlow(capacity);
      this.#partial.copy(larger, 0, 0, this.#filled);
      this.#partial = larger;
    }
    chunk.copy(this.#partial, this.#filled, offset, offset + taken);
    this.#filled += taken;
    return taken;
  }
}

/** The common case: a frame lies whole in the chunk, and nothing has to be copied. */
function wholeFrameAt(chunk: Buffer, offset: number): Buffer | undefined {
  if (chunk.length - offset < lengthBytes) return undefined;
  const length = frameLength(chunk, offset);
  return offset + length <= chunk.length ? chunk.subarray(offset, offset + length) : undefined;
}

function frameLength(bytes: Buffer, offset = 0): number {
  const length = bytes.readUInt32BE(offset);
  if (length < headerBytes || length > frameBytesMaximum) {
    throw clientError("PROTOCOL", `libvirt sent a frame that claims ${length} bytes: not a libvirt socket, or a bug`);
  }
  return length;
}
