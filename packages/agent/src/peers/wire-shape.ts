/**
 * A look at MessagePack bytes before anything is built from them.
 *
 * The decoder believes lengths: five bytes that announce an array of thirty million elements make it ask for the memory first
 * and find out later, and nested arrays use its stack. It also makes dates, sets, regular expressions and references
 * for whoever asks for them. So the bytes are walked once, without building: everything that is announced must be there,
 * nesting is bounded, and only nil, booleans, numbers, text, arrays and maps occur.
 */

/** Nesting that a message may have; the deepest of ours has 7. */
export const depthMax = 16;

/** Whether these bytes are exactly one value of plain MessagePack. */
export function isPlainMessagePack(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Values that are still to come at each level; a stack of our own, bounded by depthMax.
  const open: number[] = [1];
  let at = 0;
  while (open.length > 0) {
    const left = open[open.length - 1] as number;
    if (left === 0) {
      open.pop();
      continue;
    }
    open[open.length - 1] = left - 1;
    const item = readItem(view, at);
    if (item === undefined) return false;
    at = item.next;
    if (item.values > 0 && open.push(item.values) > depthMax) return false;
  }
  return at === bytes.length;
}

interface Item {
  /** Offset after the head and, for text and numbers, its content. */
  readonly next: number;
  /** Values inside it. */
  readonly values: number;
}

function readItem(view: DataView, at: number): Item | undefined {
  if (at >= view.byteLength) return undefined;
  const code = view.getUint8(at);
  if (code <= 0x7f || code >= 0xe0) return { next: at + 1, values: 0 };
  if (code <= 0x8f) return { next: at + 1, values: (code & 0x0f) * 2 };
  if (code <= 0x9f) return { next: at + 1, values: code & 0x0f };
  if (code <= 0xbf) return leaf(view, at + 1 + (code & 0x1f));
  switch (code) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return { next: at + 1, values: 0 };
    case 0xca:
    case 0xce:
    case 0xd2:
      return leaf(view, at + 5);
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return leaf(view, at + 9);
    case 0xcc:
    case 0xd0:
      return leaf(view, at + 2);
    case 0xcd:
    case 0xd1:
      return leaf(view, at + 3);
    case 0xd9:
      return at + 2 > view.byteLength ? undefined : leaf(view, at + 2 + view.getUint8(at + 1));
    case 0xda:
      return at + 3 > view.byteLength ? undefined : leaf(view, at + 3 + view.getUint16(at + 1));
    case 0xdc:
    case 0xde:
      if (at + 3 > view.byteLength) return undefined;
      return { next: at + 3, values: view.getUint16(at + 1) * (code === 0xde ? 2 : 1) };
    default:
      // Binary, extensions, and anything longer than a frame can be.
      return undefined;
  }
}

function leaf(view: DataView, next: number): Item | undefined {
  return next <= view.byteLength ? { next, values: 0 } : undefined;
}
