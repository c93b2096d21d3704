// The builds are what their names say: one export table, of which those for float32 alone have exactly that part; no import but the
// memory, no data and no start of their own; and the instructions of their feature set, not more. (A relaxed.wasm that is a copy of
// simd.wasm would pass all else.)
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { KERNEL_NAMES } from "../../src/plan/plan.ts";
import { allBinaries, wasmUrl } from "../support/binaries.ts";
import { readBytes } from "../support/runtime.ts";

const single = allBinaries.map((name) => `${name}-f32` as const);
const bytes = new Map(
  await Promise.all([...allBinaries, ...single].map(async (name) => [name, await readBytes(wasmUrl(name))] as const)),
);
const debug = await readBytes(wasmUrl("debug"));

/** Occurrences of an instruction behind the SIMD prefix 0xfd, its number in two LEB128 bytes. */
function instructions(code: Uint8Array, number: number): number {
  const [low, high] = [(number & 0x7f) | 0x80, number >> 7];
  let found = 0;
  for (let i = 2; i < code.length; i++) if (code[i - 2] === 0xfd && code[i - 1] === low && code[i] === high) found++;
  return found;
}
const multiply = { f32x4: 0xe6, f64x2: 0xf2 };
const relaxedMadd = { f32x4: 0x105, f64x2: 0x107 };

function exportsOf(code: Uint8Array<ArrayBuffer>): string[] {
  return WebAssembly.Module.exports(new WebAssembly.Module(code))
    .map(({ name, kind }) => `${name}: ${kind}`)
    .sort();
}

it("have the same exports, among them kernels for both dtypes", () => {
  const tables = [...allBinaries.map((name) => bytes.get(name)!), debug].map(exportsOf);
  for (const table of tables) expect(table).toEqual(tables[0]);
  const kernels = tables[0]!.filter((row) => row.endsWith(": function"));
  const of = (dtype: string) =>
    kernels.filter((row) => row.includes(`_${dtype}:`)).map((row) => row.replace(dtype, ""));
  expect(of("f32").length).toBeGreaterThanOrEqual(4);
  // For float32 alone: Winograd and Strassen, which lose digits that float64 is taken for, and forms of depthwise and of direct, to keep the binaries small.
  const only32 = ["winograd", "strassen", "depthwise_planes", "gather"];
  expect(of("f64")).toEqual(of("f32").filter((row) => !only32.some((name) => row.startsWith(name))));
  // The host numbers kernels by its own list, and looks for no others.
  expect(kernels.map((row) => row.replace(": function", ""))).toEqual([...KERNEL_NAMES, "binary"].sort());
});

it("those for float32 export just that, and are smaller by a seventh at least", () => {
  for (const name of allBinaries) {
    const [part, whole] = [bytes.get(`${name}-f32`)!, bytes.get(name)!];
    expect(exportsOf(part), name).toEqual(exportsOf(whole).filter((row) => !row.includes("_f64:")));
    expect(gzipSync(part).length, name).toBeLessThan((gzipSync(whole).length * 6) / 7);
  }
});

it("import the memory and nothing else, and have no data and no start", () => {
  for (const [name, code] of bytes) {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(code));
    expect(imports, name).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    expect(sections(code), name).not.toContain(11); // data
    expect(sections(code), name).not.toContain(8); // start
  }
});

it("scalar has no vector instruction, simd no relaxed one, relaxed has its own", () => {
  for (const [part, types] of [
    ["", ["f32x4", "f64x2"]],
    ["-f32", ["f32x4"]],
  ] as const) {
    for (const type of types) {
      expect(instructions(bytes.get(`scalar${part}`)!, multiply[type])).toBe(0);
      expect(instructions(bytes.get(`simd${part}`)!, multiply[type])).toBeGreaterThan(0);
      expect(instructions(bytes.get(`simd${part}`)!, relaxedMadd[type])).toBe(0);
      expect(instructions(bytes.get(`relaxed${part}`)!, relaxedMadd[type])).toBeGreaterThan(0);
    }
  }
  // Activations of float32 compute in double precision, but nothing sums in it.
  expect(instructions(bytes.get("scalar-f32")!, multiply.f64x2)).toBe(0);
  expect(instructions(bytes.get("relaxed-f32")!, relaxedMadd.f64x2)).toBe(0);
});

/** Numbers of the sections of a module, in order. */
function sections(code: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 8; at < code.length; ) {
    found.push(code[at++]!);
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      size |= (code[at]! & 0x7f) << shift;
      more = code[at++]! >= 0x80;
    }
    at += size;
  }
  return found;
}
