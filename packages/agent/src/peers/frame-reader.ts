/**
 * Frames out of a stream of bytes: before each stands its length, seven bits to a byte, the lowest first, the top bit saying that
 * another byte follows (a varint, as in Protocol Buffers).
 *
 * Mostly a piece of the stream holds whole frames, and they are passed on as they lie there. A frame that comes in many
 * pieces is gathered in memory of its own, taken once its length is known: however small the pieces, each byte is copied once.
 */

/** What was announced is longer than what may come. */
export class FrameTooLongError extends Error {
  override readonly name = "FrameTooLongError";
}

/** Reads one direction of one stream. */
export class FrameReader {
  readonly #bytesMax: number;
  #length = 0;
  /** Bits of the length that are known; undefined while the frame itself comes. */
  #bits: number | undefined = 0;
  #frame: Uint8Array | undefined;
  #filled = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * The frames that end in this piece.
   *
   * @throws FrameTooLongError as soon as a length above the limit is announced
   */
  *frames(piece: Uint8Array): Generator<Uint8Array, void> {
    let at = 0;
    while (at < piece.length) {
      if (this.#bits !== undefined) {
        this.#takeLength(piece[at] as number);
        at += 1;
        if (this.#bits !== undefined || this.#length > 0) continue;
      }
      const taken = Math.min(piece.length - at, this.#length - this.#filled);
      const frame = this.#take(piece.subarray(at, at + taken));
      at += taken;
      if (frame === undefined) continue;
      this.#bits = 0;
      this.#length = 0;
      yield frame;
    }
  }

  #takeLength(byte: number): void {
    const bits = this.#bits ?? 0;
    this.#length += (byte & 0x7f) * 2 ** bits;
    if (this.#length > this.#bytesMax || bits > 28)
      throw new FrameTooLongError(`a frame above ${this.#bytesMax} bytes`);
    this.#bits = byte >= 0x80 ? bits + 7 : undefined;
  }

  /** The frame, once the last of it is there. */
  #take(part: Uint8Array): Uint8Array | undefined {
    if (part.length === this.#length) return part;
    this.#frame ??= new Uint8Array(this.#length);
    this.#frame.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled < this.#length) return undefined;
    const frame = this.#frame;
    this.#frame = undefined;
    this.#filled = 0;
    return frame;
  }
}

/** All frames in one piece, each with its length before it. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  let bytes = 0;
  for (const { length } of frames) bytes += length + lengthBytes(length);
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const frame of frames) {
    let left = frame.length;
    for (; left >= 0x80; left >>>= 7) joined[at++] = (left & 0x7f) | 0x80;
    joined[at++] = left;
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}

function lengthBytes(length: number): number {
  let bytes = 1;
  for (let left = length; left >= 0x80; left >>>= 7) bytes += 1;
  return bytes;
}
