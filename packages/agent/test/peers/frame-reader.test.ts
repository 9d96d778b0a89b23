import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader, FrameTooLongError, joinFrames } from "../../src/peers/frame-reader.ts";

const frame = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 65_536).map((length) => new Uint8Array(length).fill(length % 251)),
);

/** The bytes in pieces that end at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe("frames on a stream", () => {
  it("come out as they went in, wherever the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (frames, places) => {
        const reader = new FrameReader(65_536);
        const read = cut(joinFrames(frames), places).flatMap((piece) => [...reader.frames(piece)]);
        expect(read.map((bytes) => Buffer.from(bytes))).toEqual(frames.map((bytes) => Buffer.from(bytes)));
      }),
    );
  });

  it("come out byte by byte too, each as soon as its last byte is there", () => {
    const reader = new FrameReader(1_000);
    const bytes = joinFrames([new Uint8Array(200).fill(7), Uint8Array.of(1)]);
    const counts = [...bytes].map((byte) => [...reader.frames(Uint8Array.of(byte))].length);
    expect(counts.flatMap((count, index) => (count > 0 ? [index] : []))).toEqual([201, 203]);
  });

  it("have the lengths of Protocol Buffers before them, so that earlier releases read them", () => {
    expect([...joinFrames([new Uint8Array(1)])]).toEqual([1, 0]);
    expect([...joinFrames([new Uint8Array(300)]).subarray(0, 2)]).toEqual([0xac, 0x02]);
  });

  it("above the limit are refused as soon as they are announced", () => {
    const reader = new FrameReader(65_536);
    const announced = Uint8Array.of(0x81, 0x80, 0x04);
    expect(() => [...reader.frames(announced)]).toThrow(FrameTooLongError);
  });

  it("whose length has no end are refused", () => {
    const reader = new FrameReader(65_536);
    expect(() => [...reader.frames(new Uint8Array(12).fill(0x80))]).toThrow(FrameTooLongError);
  });
});
