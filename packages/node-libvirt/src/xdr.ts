/**
 * XDR (RFC 4506), the byte order of libvirt's protocol: everything is big-endian in units of four bytes, a text is its
 * length, its bytes and zeros up to the next unit.
 *
 * The reader trusts nothing. It sees one frame, never reads past its end, and compares every length with what is left
 * and with the protocol's own limit before it touches a byte, so that no frame makes it allocate more than it holds.
 */
import { clientError, type LibvirtError } from "./errors.ts";

const unit = 4;
const twoTo32 = 0x1_0000_0000;
const initialCapacity = 512;

function padded(length: number): number {
  return (length + unit - 1) & ~(unit - 1);
}

/** Reads one frame's payload. @throws LibvirtError `DECODE` from every method */
export class XdrReader {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(unit));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(unit));
  }

  /** Above 2^53 the nearest number that a double can hold: sizes and times, where that is exact enough. */
  uint64(): number {
    const at = this.#take(2 * unit);
    return this.#bytes.readUInt32BE(at) * twoTo32 + this.#bytes.readUInt32BE(at + unit);
  }

  /** As {@link uint64}, signed. */
  int64(): number {
    const at = this.#take(2 * unit);
    return this.#bytes.readInt32BE(at) * twoTo32 + this.#bytes.readUInt32BE(at + unit);
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#take(2 * unit));
  }

  /** An XDR boolean: only 0 and 1 exist. */
  bool(): boolean {
    const value = this.uint32();
    if (value > 1) throw this.#error(`a boolean is ${value}`);
    return value === 1;
  }

  string(maximumBytes: number): string {
    const length = this.#length(maximumBytes, "text");
    const at = this.#take(padded(length));
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** Bytes of a length both sides know, as lower-case hexadecimal. */
  fixedHex(length: number): string {
    const at = this.#take(padded(length));
    return this.#bytes.toString("hex", at, at + length);
  }

  /** The count in front of an array whose items need `itemBytes` at least. */
  count(maximum: number, itemBytes: number): number {
    const count = this.uint32();
    if (count > maximum) throw this.#error(`a list has ${count} items, more than the ${maximum} allowed`);
    if (count * itemBytes > this.left) {
      throw this.#error(
        `a list claims ${count} items of ${itemBytes} bytes or more, but only ${this.left} bytes are left`,
      );
    }
    return count;
  }

  /** Asserts that the frame holds nothing more. */
  end(): void {
    if (this.left !== 0) throw this.#error(`${this.left} bytes are left over`);
  }

  #length(maximum: number, what: string): number {
    const length = this.uint32();
    if (length > maximum) throw this.#error(`a ${what} has ${length} bytes, more than the ${maximum} allowed`);
    return length;
  }

  #take(length: number): number {
    if (length > this.left) throw this.#error(`${length} bytes are needed, but only ${this.left} are left`);
    const at = this.#offset;
    this.#offset += length;
    return at;
  }

  #error(what: string): LibvirtError {
    return clientError("DECODE", `libvirt's answer cannot be read: ${what} (offset ${this.#offset})`);
  }
}

/** Collects one frame. */
export class XdrWriter {
  #bytes = Buffer.allocUnsafe(initialCapacity);
  #length = 0;

  uint32(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= twoTo32) throw new TypeError(`${value} is no uint32`);
    const at = this.#grow(unit);
    this.#bytes.writeUInt32BE(value, at);
  }

  int32(value: number): void {
    if (value !== (value | 0)) throw new TypeError(`${value} is no int32`);
    const at = this.#grow(unit);
    this.#bytes.writeInt32BE(value, at);
  }

  uint64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new TypeError(`${value} is no whole number from 0 to 2^53 - 1`);
    const at = this.#grow(2 * unit);
    this.#bytes.writeUInt32BE(Math.floor(value / twoTo32), at);
    this.#bytes.writeUInt32BE(value % twoTo32, at + unit);
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is no whole number that a double holds exactly`);
    const at = this.#grow(2 * unit);
    this.#bytes.writeBigInt64BE(BigInt(value), at);
  }

  float64(value: number): void {
    const at = this.#grow(2 * unit);
    this.#bytes.writeDoubleBE(value, at);
  }

  bool(value: boolean): void {
    this.uint32(value ? 1 : 0);
  }

  /** @throws LibvirtError `ENCODE` when the text is longer than the protocol allows */
  string(value: string, maximumBytes: number): void {
    // libvirt reads C strings: it would cut at the zero and act on half of what was meant.
    if (value.includes("\0")) throw new TypeError("a text for libvirt cannot hold a zero character");
    const length = Buffer.byteLength(value);
    if (length > maximumBytes) {
      throw clientError("ENCODE", `a text of ${length} bytes is longer than the ${maximumBytes} that libvirt takes`);
    }
    this.uint32(length);
    const at = this.#grow(padded(length));
    this.#bytes.fill(0, at + length, at + padded(length));
    this.#bytes.write(value, at, length, "utf8");
  }

  /** Bytes of a length both sides know, given as hexadecimal. */
  fixedHex(value: string, length: number): void {
    const bytes = Buffer.from(value, "hex");
    if (value.length !== 2 * length || bytes.length !== length) {
      throw new TypeError(`${JSON.stringify(value)} is not ${length} bytes in hexadecimal`);
    }
    const at = this.#grow(padded(length));
    this.#bytes.fill(0, at + length, at + padded(length));
    bytes.copy(this.#bytes, at);
  }

  /** Overwrites a number written before: a frame's length is known last. */
  patchUint32(offset: number, value: number): void {
    this.#bytes.writeUInt32BE(value, offset);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, without a copy: use it before writing on. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room and returns where it begins. It may replace the buffer: call it before `#bytes` is looked at. */
  #grow(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return at;
  }
}
