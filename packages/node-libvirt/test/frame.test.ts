import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHeader, encodeFrame, FrameSplitter, frameBytesMaximum, setSerial } from "../src/frame.ts";

const header = { program: 0x20008086, version: 1, procedure: -3, type: 1, serial: 9, status: 0 };

function frameOf(payload: string): Buffer {
  return encodeFrame(header, (writer) => writer.string(payload, 1 << 20));
}

describe("a frame", () => {
  it("is its length, six words, and the payload", () => {
    const frame = frameOf("ab");
    expect(frame.toString("hex")).toBe("000000242000808600000001fffffffd000000010000000900000000" + "0000000261620000");
    expect(decodeHeader(frame)).toEqual(header);
    setSerial(frame, 0xffff_ffff);
    expect(decodeHeader(frame).serial).toBe(0xffff_ffff);
  });

  it("cannot be made larger than libvirt takes", () => {
    const megabyte = "x".repeat(1 << 20);
    const make = () =>
      encodeFrame(header, (writer) => Array.from({ length: 32 }, () => writer.string(megabyte, 1 << 20)));
    expect(make).toThrow(expect.objectContaining({ code: "ENCODE" }));
  });
});

describe("a splitter", () => {
  it("finds the same frames wherever the stream is cut", () => {
    const payloads = fc.array(
      fc.string({ maxLength: 200 }).filter((text) => !text.includes("\0")),
      { minLength: 1, maxLength: 6 },
    );
    const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 400 })), { minLength: 1 });
    fc.assert(
      fc.property(payloads, cuts, (texts, sizes) => {
        const frames = texts.map(frameOf);
        const stream = Buffer.concat(frames);
        const splitter = new FrameSplitter();
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          for (const frame of splitter.push(stream.subarray(at, at + size))) found.push(Buffer.from(frame));
          at += size;
        }
        expect(Buffer.concat(found)).toEqual(stream);
        expect(found).toHaveLength(frames.length);
        expect(splitter.insideFrame).toBe(false);
      }),
    );
  });

  it.each([0, 27, frameBytesMaximum + 1, 0xffff_ffff])(
    "refuses a frame that claims %d bytes, as soon as its length is there",
    (length) => {
      const claim = Buffer.alloc(4);
      claim.writeUInt32BE(length);
      expect(() => [...new FrameSplitter().push(claim)]).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
      const splitter = new FrameSplitter();
      expect([...splitter.push(claim.subarray(0, 3))]).toEqual([]);
      expect(() => [...splitter.push(claim.subarray(3))]).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
    },
  );

  it("holds what arrived, not what was claimed: 32 MiB claimed and 1000 bytes sent cost 2000", () => {
    const claim = Buffer.alloc(4);
    claim.writeUInt32BE(frameBytesMaximum);
    const splitter = new FrameSplitter();
    expect([...splitter.push(claim)]).toEqual([]);
    for (let sent = 0; sent < 1000; sent++) expect([...splitter.push(Buffer.alloc(1))]).toEqual([]);
    expect(splitter.bytesHeld).toBeLessThanOrEqual(2 * 1004);
    expect(splitter.insideFrame).toBe(true);
  });

  it("never throws anything but a LibvirtError, whatever arrives", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
        const splitter = new FrameSplitter();
        try {
          for (const chunk of chunks) for (const frame of splitter.push(Buffer.from(chunk))) decodeHeader(frame);
        } catch (error) {
          expect(error).toMatchObject({ name: "LibvirtError", code: "PROTOCOL" });
        }
      }),
    );
  });
});
