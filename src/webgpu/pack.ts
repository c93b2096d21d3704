/** Filters in the order in which the kernel reads them: [group][tile of filters][term][filter of the tile], zeros where a tile is not full. */
import type { ConvProblem } from "../problem/problem.ts";
import { termCount } from "../problem/problem.ts";
import type { Dispatch } from "./pipeline.ts";
import { buffers, main } from "./text.ts";
import { filtersOf, packedSize, paddedTerms, type Tile } from "./tile.ts";

const THREADS = 64;

/** w and the table of its terms, one after the other; then the packed filters. */
export const packShader: string = /* wgsl */ `
struct Packing { elements: i32, tile: i32, padded: i32, tiles: i32, terms: i32, filters: i32, start: i32, groups: i32, steps: i32 }
${buffers(["w: array<f32>", "terms: array<i32>", "packed: array<f32>"], 2, "by: Packing")}
${main(THREADS)}
  let i = i32(block * ${THREADS}u + thread);
  if (i >= by.elements) { return; }
  let row = i / by.tile;
  let j = row % by.padded;
  let tile = row / by.padded;
  let k = tile % by.tiles * by.tile + i % by.tile;
  var v = 0.0;
  if (j < by.terms && k < by.filters) { v = w[by.start + tile / by.tiles * by.groups + k * by.steps + terms[j]]; }
  packed[i] = v;
}
`;

export function packing(p: ConvProblem, tile: Tile): Pick<Dispatch, "words" | "workgroups"> {
  const [elements, wide, { w }] = [packedSize(p, tile), filtersOf(tile), p];
  const tiles = Math.ceil(p.filters / wide);
  const terms = [paddedTerms(p, tile), tiles, termCount(p)];
  const words = Int32Array.of(elements, wide, ...terms, p.filters, w.offset, w.group, w.filter, 0, 0, 0);
  return { words, workgroups: Math.ceil(elements / THREADS) };
}
