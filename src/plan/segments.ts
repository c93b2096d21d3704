/** Which parts of y a range of tiles writes: the kernels' numbering of tiles, read backwards from the same argument block. */
import * as A from "../../assembly/args.ts";
import type { Step } from "./plan.ts";

/** Runs of bytes of y: start, length, start, length, … */
export type Segments = Int32Array;

/** Where the step writes into y; undefined if it prepares something for a later one. */
function outputOf({ pointers }: Step): number | undefined {
  return pointers.find(({ region }) => region === "y")?.offset;
}

export function writesOutput(step: Step): boolean {
  return outputOf(step) !== undefined;
}

/** Whether its tiles can be computed here and there: what they write is brought together. */
export function isDivided(step: Step): boolean {
  return step.segments !== undefined || writesOutput(step);
}

/** Outputs of a row that are so many elements apart are sent with what stands between them, which is not theirs. */
const MOST_APART = 4;

/** Bytes of an element that a step writes into y, and from one to the next of a run. */
export function elementsOf(step: Step): { readonly size: number; readonly apart: number } {
  const size = step.kernel.endsWith("f32") ? 4 : 8;
  const apart = Math.abs(step.block.words[(A.CONV_Y_STRIDES + 20) >> 2]!);
  return { size, apart: step.segments || !writesOutput(step) ? size : apart };
}

/**
 * Null where outputs of a row are far from each other in y, or the kernel does not number its tiles by regions. A run begins and ends with an output of
 * the tiles; `elementsOf` says how far those in it are apart.
 */
export function segmentsOf(step: Step, first: number, last: number): Segments | null {
  if (step.segments) return step.segments(first, last);
  const words = step.block.words;
  const word = (offset: number) => words[offset >> 2]!;
  const decode = DECODERS[step.kernel.slice(0, -4)];
  const { size, apart } = elementsOf(step);
  const [batch, group, filter, depth, y, x] = [0, 4, 8, 12, 16, 20].map((at) => word(A.CONV_Y_STRIDES + at)) as Strides;
  const origin = outputOf(step);
  if (!decode || origin === undefined || apart < size || apart > MOST_APART * size) return null;
  const list: number[] = [];
  for (let tile = first; tile < last; tile++) {
    for (const t of decode(word, words, tile)) {
      const whole = t.columns === word(A.CONV_OUT + 8) && y === t.columns * x && x === size;
      const row = (t.columns - 1) * apart + size;
      // A row that is written backwards ends where it is said to begin.
      const back = x < 0 ? row - size : 0;
      for (let n = t.n0; n < t.n1; n++) {
        for (const [g, k0, k1] of t.planes) {
          for (let k = k0; k < k1; k++) {
            const start = origin + n * batch + g * group + k * filter + t.z * depth + t.row * y + t.column * x - back;
            if (whole) list.push(start, t.rows * t.columns * size);
            else for (let r = 0; r < t.rows; r++) list.push(start + r * y, row);
          }
        }
      }
    }
  }
  return Int32Array.from(list);
}

type Strides = [number, number, number, number, number, number];

interface TileRegion {
  readonly n0: number;
  readonly n1: number;
  /** Group, and its filters from … to. */
  readonly planes: readonly (readonly [number, number, number])[];
  readonly z: number;
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

type Word = (offset: number) => number;

/** The space of a tile, and what is left of its number: space is innermost in both kernels, and so many tiles in z. */
function spaceOf(word: Word, tile: number, outZ = word(A.CONV_OUT)) {
  const [outY, outX] = [word(A.CONV_OUT + 4), word(A.CONV_OUT + 8)];
  const [tileRows, tileColumns] = [word(A.CONV_TILE_ROWS), word(A.CONV_TILE_COLUMNS)];
  const [bandsY, bandsX] = [Math.ceil(outY / tileRows), Math.ceil(outX / tileColumns)];
  const column = (tile % bandsX) * tileColumns;
  let rest = Math.floor(tile / bandsX);
  const row = (rest % bandsY) * tileRows;
  rest = Math.floor(rest / bandsY);
  const space = {
    z: rest % outZ,
    row,
    rows: Math.min(tileRows, outY - row),
    column,
    columns: Math.min(tileColumns, outX - column),
  };
  return { space, rest: Math.floor(rest / outZ) };
}

/** The run of filters of a tile, and what is left of its number. */
function filtersOf(word: Word, tile: number) {
  const [filters, runs] = [word(A.CONV_FILTERS), word(A.CONV_PANEL_RUNS)];
  const run = tile % runs;
  const first = (i: number) => Math.floor((i * filters) / runs);
  return { k0: first(run), k1: first(run + 1), rest: Math.floor(tile / runs) };
}

/** As assembly/direct.ts: space, images, panel runs, groups. */
function directTile(word: Word, words: Int32Array, tile: number): TileRegion[] {
  return [imagesTile(word, words, spaceOf(word, tile))];
}

/** The same with several outputs in z. */
function winogradTile(word: Word, words: Int32Array, tile: number): TileRegion[] {
  const [outZ, side] = [word(A.CONV_OUT), word(A.CONV_SIDE_Z)];
  const region = imagesTile(word, words, spaceOf(word, tile, Math.ceil(outZ / side)));
  const z = region.z * side;
  return Array.from({ length: Math.min(side, outZ - z) }, (_, d) => ({ ...region, z: z + d }));
}

/** As assembly/strassen.ts: the filters of a run, and those that belong to them in the second half. */
function strassenTile(word: Word, words: Int32Array, tile: number): TileRegion[] {
  const region = imagesTile(word, words, spaceOf(word, tile));
  const half = word(A.CONV_FILTERS) / 2;
  return [
    {
      ...region,
      planes: region.planes.flatMap(
        ([g, k0, k1]) =>
          [
            [g, k0, k1],
            [g, half + k0, half + k1],
          ] as const,
      ),
    },
  ];
}

function imagesTile(word: Word, words: Int32Array, { space, rest }: ReturnType<typeof spaceOf>): TileRegion {
  const batch = word(A.CONV_BATCH);
  const tileBatch = word(A.CONV_TILE_BATCH);
  const batches = Math.ceil(batch / tileBatch);
  const n0 = (rest % batches) * tileBatch;
  const runs = word(A.CONV_PANEL_RUNS);
  const run = Math.floor(rest / batches) % runs;
  const g = Math.floor(rest / batches / runs);
  const panel = (i: number) => words[(word(A.CONV_PANELS) >> 2) + Math.floor((i * word(A.CONV_PANEL_COUNT)) / runs)]!;
  return { ...space, n0, n1: Math.min(batch, n0 + tileBatch), planes: [[g, panel(run), panel(run + 1)]] };
}

/** As assembly/depthwise.ts: space, groups, runs of filters, images. */
function depthwiseTile(word: Word, _words: Int32Array, tile: number): TileRegion[] {
  const { space, rest } = spaceOf(word, tile);
  const groups = word(A.CONV_GROUPS);
  const tileGroups = word(A.CONV_TILE_GROUPS);
  const runs = Math.ceil(groups / tileGroups);
  const g0 = (rest % runs) * tileGroups;
  const { k0, k1, rest: n0 } = filtersOf(word, Math.floor(rest / runs));
  const planes = Array.from({ length: Math.min(tileGroups, groups - g0) }, (_, i) => [g0 + i, k0, k1] as const);
  return [{ ...space, n0, n1: n0 + 1, planes }];
}

/** As assembly/overlap-save.ts: two units of space, images, runs of filters, groups. */
function fftTile(word: Word, _words: Int32Array, tile: number): TileRegion[] {
  const [outY, outX] = [word(A.CONV_OUT + 4), word(A.CONV_OUT + 8)];
  const units = Math.ceil(outY / word(A.CONV_TILE_ROWS)) * Math.ceil(outX / word(A.CONV_TILE_COLUMNS));
  const pairs = Math.ceil(units / 2);
  const first = 2 * (tile % pairs);
  const plane = Math.floor(tile / pairs);
  const n0 = plane % word(A.CONV_BATCH);
  const { k0, k1, rest: g } = filtersOf(word, Math.floor(plane / word(A.CONV_BATCH)));
  return [first, first + 1]
    .filter((unit) => unit < units)
    .map((unit) => {
      const { space } = spaceOf(word, unit);
      return { ...space, n0, n1: n0 + 1, planes: [[g, k0, k1] as const] };
    });
}

const DECODERS: Readonly<Record<string, (word: Word, words: Int32Array, tile: number) => TileRegion[]>> = {
  direct_pixels: directTile,
  direct_filters: directTile,
  depthwise: depthwiseTile,
  depthwise_planes: depthwiseTile,
  separable: depthwiseTile,
  fft: fftTile,
  strassen: strassenTile,
  winograd: winogradTile,
  winograd_multiply: winogradTile,
};
