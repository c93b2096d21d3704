// The builds are what their names say: one export table, no import but the memory, no data and no start of their own;
// and the instructions of their feature set, not more. (A relaxed.wasm that is a copy of simd.wasm would pass all else.)
import { expect, it } from "vitest";
import { allBinaries, wasmUrl } from "../support/binaries.ts";
import { readBytes } from "../support/runtime.ts";

const bytes = new Map(
  await Promise.all(allBinaries.map(async (name) => [name, await readBytes(wasmUrl(name))] as const)),
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

it("have the same exports, among them kernels for both dtypes", () => {
  const tables = [...bytes.values(), debug].map((code) =>
    WebAssembly.Module.exports(new WebAssembly.Module(code))
      .map(({ name, kind }) => `${name}: ${kind}`)
      .sort(),
  );
  for (const table of tables) expect(table).toEqual(tables[0]);
  const kernels = tables[0]!.filter((row) => row.endsWith(": function"));
  const of = (dtype: string) =>
    kernels.filter((row) => row.includes(`_${dtype}:`)).map((row) => row.replace(dtype, ""));
  expect(of("f32").length).toBeGreaterThanOrEqual(4);
  // Winograd is for float32 alone: who wants the digits of float64 does not want to lose any.
  expect(of("f64")).toEqual(of("f32").filter((row) => !row.startsWith("winograd")));
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
  for (const type of ["f32x4", "f64x2"] as const) {
    expect(instructions(bytes.get("scalar")!, multiply[type])).toBe(0);
    expect(instructions(bytes.get("simd")!, multiply[type])).toBeGreaterThan(0);
    expect(instructions(bytes.get("simd")!, relaxedMadd[type])).toBe(0);
    expect(instructions(bytes.get("relaxed")!, relaxedMadd[type])).toBeGreaterThan(0);
  }
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
