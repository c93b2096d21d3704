// FlatBuffers, as far as a model file needs them, written from the root downwards: an offset is unsigned and points to what comes
// later, so a parent leaves a gap and the gap is filled when the child has its place.

/** What an offset points to. */
export type Child =
  | { readonly table: readonly (Field | null)[] }
  | { readonly list: readonly Child[] }
  | { readonly integers: readonly number[] }
  | { readonly bytes: Uint8Array }
  | { readonly text: string };

/** A field of a table by its number; null where it has its default. */
export type Field = Child | { readonly byte: number } | { readonly integer: number };

/** Data of tensors is read in place: its first byte, not its length, stands on such a multiple. */
const DATA_ALIGNMENT = 16;

class Writer {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  /** So many bytes of zeros, of which the one at `lead` is aligned. */
  reserve(size: number, alignment: number, lead = 0): number {
    const at = Math.ceil((this.#end + lead) / alignment) * alignment - lead;
    this.#end = at + size;
    if (this.#end > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#end);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  setByte(at: number, value: number): void {
    this.#view.setUint8(at, value);
  }

  setShort(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  setInteger(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }

  setBytes(at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, at);
  }

  /** Writes the child at the end and lets the gap point to it. */
  point(gap: number, child: Child): void {
    this.setInteger(gap, this.#place(child) - gap);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  #place(child: Child): number {
    if ("table" in child) return this.#table(child.table);
    if ("list" in child) return this.#list(child.list);
    if ("integers" in child) return this.#integers(child.integers);
    if ("text" in child) return this.#data(new TextEncoder().encode(`${child.text}\0`), 1);
    return this.#data(child.bytes, 0);
  }

  /** A vtable (its size, the table's size, where each field is) and right behind it the table, which begins with the way back. */
  #table(fields: readonly (Field | null)[]): number {
    const vtableSize = 4 + 2 * fields.length;
    // Every field takes four bytes, for simplicity.
    const size = 4 + 4 * fields.length;
    const vtable = this.reserve(vtableSize + size, 4, vtableSize);
    const table = vtable + vtableSize;
    this.setShort(vtable, vtableSize);
    this.setShort(vtable + 2, size);
    this.setInteger(table, vtableSize);
    fields.forEach((field, i) => {
      if (field === null) return;
      const at = 4 + 4 * i;
      this.setShort(vtable + 4 + 2 * i, at);
      if ("byte" in field) this.setByte(table + at, field.byte);
      else if ("integer" in field) this.setInteger(table + at, field.integer);
      else this.point(table + at, field);
    });
    return table;
  }

  #list(children: readonly Child[]): number {
    const at = this.reserve(4 + 4 * children.length, 4);
    this.setInteger(at, children.length);
    children.forEach((child, i) => {
      this.point(at + 4 + 4 * i, child);
    });
    return at;
  }

  #integers(values: readonly number[]): number {
    const at = this.reserve(4 + 4 * values.length, 4);
    this.setInteger(at, values.length);
    values.forEach((value, i) => {
      this.setInteger(at + 4 + 4 * i, value);
    });
    return at;
  }

  /** Its length does not count `hidden` bytes at the end: a string's zero. */
  #data(bytes: Uint8Array, hidden: number): number {
    const at = this.reserve(4 + bytes.length, DATA_ALIGNMENT, 4);
    this.setInteger(at, bytes.length - hidden);
    this.setBytes(at + 4, bytes);
    return at;
  }
}

/** A file: the root's offset, four letters that name the format, everything else. */
export function flatbuffer(identifier: string, root: Child): Uint8Array {
  const writer = new Writer();
  const at = writer.reserve(8, 4);
  writer.setBytes(at + 4, new TextEncoder().encode(identifier));
  writer.point(at, root);
  return writer.finish();
}
