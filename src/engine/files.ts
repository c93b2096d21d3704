/** Reading files, in whatever runtime this is. */
import type { BinaryName } from "../plan/registers.ts";

/** A binary as it is shipped: whole, or its kernels for float32, which is what most programs ever load. */
export type BinaryFile = BinaryName | `${BinaryName}-f32` | "debug";

/** Kernels that can be had: bytes, and whence, for messages. */
export interface KernelFile {
  readonly from: string;
  bytes(): Promise<BufferSource>;
}

interface NodeProcess {
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: string): unknown;
}

/** A module of Node's, of runtimes that have them; unlike an `import`, nothing that a bundler for pages would look for. */
export function nodeModule<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.(`node:${name}`) as T | undefined;
}

/** The module at an address, which must begin as WebAssembly does: servers answer what they do not know with a page, too. */
export async function bytesAt(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await read(url);
  if (bytes[0] !== 0 || bytes[1] !== 0x61) throw new Error("what is there is no WebAssembly");
  return bytes;
}

async function read(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  // Node's fetch does not read files; that of other runtimes does, and pages never see such an address.
  const fs = url.protocol === "file:" ? nodeModule<ReadsFiles>("fs/promises") : undefined;
  if (fs) return fs.readFile(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
  // Not compileStreaming: it insists on a content type that many static servers do not send.
  return new Uint8Array(await response.arrayBuffer());
}

interface ReadsFiles {
  readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>;
}
