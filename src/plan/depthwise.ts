/** Plans of the depthwise algorithm: one channel per group. */
import { MASKS_AFTER, MOST_AFTER, MOST_BEFORE, ZERO_BYTES } from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { multiplyAdds, product } from "../problem/problem.ts";
import { convBlock, convPointers, packBlock, packPointers } from "./blocks.ts";
import { copyCycles, PACK_CYCLES, STORE_CYCLES, TILE_CYCLES, termCycles } from "./costs.ts";
import { type Candidate, evenPart } from "./direct.ts";
import { layOutInputTile, roundUp } from "./input-tile.ts";
import { planFrom } from "./plan.ts";
import type { BinaryName } from "./registers.ts";
import { elementBytes, evenly, laneCount, registerTiles } from "./registers.ts";

/** Rows of the register tile: every accumulator has a load of its own, so more rows only mean more waste at the edge. */
const REGISTER_ROWS = 4;
const SIZE = 4;
const LONGEST_ROW = 256;
/** Outputs of one plane in a tile: its input and output then pass through L1. */
const TILE_OUTPUTS = 4096;
/** Copied before the first of it is read. */
const COPY_BYTES = 12 * 1024;
/** And not more than this, or the caller could not stop in time. */
const TILE_MULTIPLY_ADDS = 5e6;
const GRAIN_MULTIPLY_ADDS = 2e5;

/** So many runs of filters, each of at most `most` multiply-adds or one filter, at so many a filter: a tile must not hold the thread. */
export function filterRuns(filters: number, each: number, most: number): number {
  return Math.max(1, Math.min(filters, Math.ceil((filters * each) / most)));
}

/** Going down a strip of one vector of columns in assembly/nine-taps.ts: a vector of outputs, by stride, and the ends; and of each plane. */
const NINE_TAP_CYCLES: Readonly<Record<number, number>> = { 1: 6.4, 2: 11 };
const STRIP_CYCLES = 19;
const PLANE_CYCLES = 45;

/** The stride that assembly/nine-taps.ts serves in tiles of at least `narrowest` columns, or 0. With stride 2 it takes every second element itself. */
function nineTapStride({ dtype, taps, stride, dilation }: ConvProblem, narrowest: number, lanes: number): number {
  const [, down, across] = stride;
  if (dtype !== "float32" || taps.join() !== "1,3,3" || narrowest < lanes || down !== across) return 0;
  if (down === 2) return dilation[1] === 1 && dilation[2] === 1 ? 2 : 0;
  return down === 1 && dilation[1] === 1 ? 1 : 0;
}

/**
 * Whether nine-taps.ts may read the input where it lies, and a little before and after it: columns are neighbours in memory, no more of them
 * are outside than may be read, zeros in scratch are as long as a row's reach, and there is no padding in depth.
 */
function bordersInPlace({ x, taps, dilation, low, input, output, stride }: ConvProblem): boolean {
  const extent = (taps[2] - 1) * dilation[2];
  const before = low[2];
  const after = (output[2] - 1) * stride[2] + extent - low[2] - (input[2] - 1);
  const near =
    before * SIZE <= MOST_BEFORE &&
    (after + MASKS_AFTER) * SIZE <= MOST_AFTER &&
    (extent + 4 + MASKS_AFTER) * SIZE <= ZERO_BYTES;
  const inDepth = stride[0] === 1 && low[0] <= 0 && output[0] - 1 - low[0] < input[0];
  return x.space[2] === 1 && near && inDepth;
}

/** Null where the algorithm does not apply. */
export function depthwiseCandidate(p: ConvProblem, binary: BinaryName): Candidate | null {
  if (p.channels !== 1 || p.w.position) return null;
  const lanes = laneCount(binary, p.dtype);
  const { vectors } = registerTiles[binary];
  const vectorColumns = vectors * lanes;
  const each = product(p.taps) * Math.max(1, p.filters);
  const outputs = Math.min(TILE_OUTPUTS / (p.stride[1] * p.stride[2]), TILE_MULTIPLY_ADDS / each);
  const columns = evenPart(
    p.output[2],
    Math.min(LONGEST_ROW, Math.max(vectorColumns, outputs / REGISTER_ROWS)),
    vectorColumns,
  );
  const rows = evenPart(p.output[1], Math.max(REGISTER_ROWS, Math.floor(outputs / columns)), REGISTER_ROWS);
  const nineTaps = nineTapStride(p, Math.min(columns, p.output[2] % columns || columns), lanes);
  const unphased = nineTaps === 2;
  const bordered = nineTaps > 0 && lanes > 1 && bordersInPlace(p);
  const input = layOutInputTile(p, {
    rows,
    columns,
    channels: 1,
    overColumns: true,
    vectorColumns,
    unphased,
    bordered,
  });

  const taps = product(p.taps);
  const bands = Math.ceil(p.output[1] / rows) * Math.ceil(p.output[2] / columns);
  const planes = p.batch * p.groups * p.output[0];
  const runs = filterRuns(p.filters, rows * columns * taps, 2 * TILE_MULTIPLY_ADDS);
  const strip = (v: number) => {
    const tile = (height: number) => taps * termCycles(binary, height, v, height * (v + 1)) + TILE_CYCLES;
    return evenly(rows, REGISTER_ROWS).reduce((sum, h) => sum + h.tiles * tile(h.height), 0);
  };
  const sums = nineTaps
    ? Math.ceil(columns / lanes) * (rows * NINE_TAP_CYCLES[nineTaps]! + STRIP_CYCLES) + PLANE_CYCLES
    : Math.ceil(columns / vectorColumns) * strip(vectors);
  const cycles =
    planes * bands * (p.filters * sums + runs * copyCycles(input, binary)) +
    planes * p.filters * p.output[1] * p.output[2] * STORE_CYCLES;
  return { name: "depthwise pixels", cycles, build };

  function build() {
    const size = elementBytes(p.dtype);
    const type = p.dtype === "float32" ? "f32" : "f64";
    const panels = Int32Array.from({ length: p.filters + 1 }, (_, i) => i);
    const tileGroups = Math.max(
      1,
      Math.min(p.groups, Math.floor(TILE_OUTPUTS / (rows * columns * Math.max(1, p.filters)))),
    );
    const scratchAcc = ZERO_BYTES;
    const scratchPixels = scratchAcc + REGISTER_ROWS * roundUp(columns, vectorColumns) * size;
    const scratchX = roundUp(scratchPixels + 4 * REGISTER_ROWS, 64);
    const plane = input.pitches[0];
    const copiedPlanes = input.packed ? Math.min(tileGroups, Math.ceil(COPY_BYTES / plane)) : tileGroups;
    const tiles = p.filters === 0 ? 0 : p.batch * Math.ceil(p.groups / tileGroups) * runs * p.output[0] * bands;
    const filterBytes = p.groups * p.filters * taps * size;
    const step = {
      kernel: `depthwise_${type}` as const,
      tiles,
      grain: Math.max(1, Math.floor((GRAIN_MULTIPLY_ADDS * tiles) / Math.max(1, multiplyAdds(p)))),
      cycles,
      scratchBytes: scratchX + input.bytes + (copiedPlanes - 1) * plane,
      // A group has one channel: its stride is free to be that of the planes which are copied together.
      block: convBlock(
        { ...p, x: { ...p.x, channel: p.x.group } },
        {
          input,
          panels,
          width: p.filters,
          blockChannels: copiedPlanes,
          blockTerms: taps,
          nineTaps,
          tileBatch: 1,
          tileGroups,
          rows,
          columns,
          panelRuns: runs,
          registerRows: REGISTER_ROWS,
          registerVectors: vectors,
          scratchX,
          scratchAcc,
          scratchPixels,
        },
      ),
      pointers: convPointers(p),
    };
    return planFrom({
      problem: p,
      algorithm: "depthwise",
      lanes: "pixels",
      binary,
      filterSteps: [
        {
          kernel: `pack_filters_${type}` as const,
          tiles: p.groups * p.filters,
          grain: 1 + Math.floor(1e5 / taps),
          cycles: PACK_CYCLES * p.groups * p.filters * taps,
          scratchBytes: 0,
          block: packBlock(p, panels, p.filters, 1, taps),
          pointers: packPointers(p),
        },
      ],
      filterBytes,
      steps: [step],
      workBytes: 0,
      notes: [
        `register tile: ${REGISTER_ROWS} rows × ${vectors} vectors of ${lanes} pixels`,
        `tile: 1 image × ${tileGroups} planes × ${rows} rows × ${columns} columns`,
        input.packed ? `input: padded per tile in scratch, ${input.bytes} bytes` : "input: read in place",
      ],
    });
  }
}
