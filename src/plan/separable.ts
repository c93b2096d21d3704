/** Plans for filters that are the product of a column and a row: two passes over one tile. */
import { ZERO_BYTES } from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { mayHaveRankOne } from "../problem/rank-one.ts";
import { convPointers, separableBlock } from "./blocks.ts";
import { copyCycles, STORE_CYCLES, TILE_CYCLES, termCycles } from "./costs.ts";
import { filterRuns } from "./depthwise.ts";
import { type Candidate, evenPart } from "./direct.ts";
import { type InputTile, layOutInputTile, roundUp } from "./input-tile.ts";
import { type Plan, planFrom } from "./plan.ts";
import { type BinaryName, elementBytes, evenly, laneCount, registerTiles } from "./registers.ts";

const REGISTER_ROWS = 4;
/** The first pass also computes the columns that overhang the tile: the wider the fewer. */
const LONGEST_ROW = 512;
const TILE_MULTIPLY_ADDS = 2.5e6;
/**
 * Low tiles keep memory streaming: the first pass walks down strips, and every row is another page (4096² with 5 × 5: 42 ms in tiles of
 * 120 rows, 19 in tiles of 8). Long columns are better walked in a copy that was read along rows (63 × 63: 159 ms, 137 copied).
 */
const LEAST_ROWS = 8;
const TAPS_TO_COPY = 24;
/** What stands between the passes, and the input tile, stay in L2. */
const SCRATCH_TARGET = 384 * 1024;
const GRAIN_MULTIPLY_ADDS = 2e5;

/** Null where the algorithm does not apply, whatever the filters. */
export function separableCandidate(p: ConvProblem, binary: BinaryName): Candidate | null {
  if (!mayHaveRankOne(p)) return null;
  const lanes = laneCount(binary, p.dtype);
  const size = elementBytes(p.dtype);
  const { vectors } = registerTiles[binary];
  const vectorColumns = vectors * lanes;
  const [, ky, kx] = p.taps;
  const columns = evenPart(p.output[2], LONGEST_ROW, vectorColumns);
  const copied = ky >= TAPS_TO_COPY;
  const most = Math.min(ky, Math.floor(TILE_MULTIPLY_ADDS / (columns * (ky + kx))));
  let rows = evenPart(p.output[1], Math.max(LEAST_ROWS, most), REGISTER_ROWS);
  const layOut = () => {
    const input = layOutInputTile(p, { rows, columns, channels: 1, overColumns: true, vectorColumns, copied });
    return { input, ...intermediate(p, input, columns, vectorColumns, size) };
  };
  let laid = layOut();
  while (laid.input.bytes + rows * laid.row > SCRATCH_TARGET && rows > 2 * REGISTER_ROWS) {
    rows = roundUp(Math.ceil(rows / 2), REGISTER_ROWS);
    laid = layOut();
  }
  const { input, row, extra } = laid;

  const bands = Math.ceil(p.output[1] / rows) * Math.ceil(p.output[2] / columns);
  const planes = p.batch * p.groups * p.output[0];
  const runs = filterRuns(p.filters, rows * columns * (ky + kx), 2 * TILE_MULTIPLY_ADDS);
  const pass = (width: number, taps: number) => {
    const tile = (height: number) => taps * termCycles(binary, height, vectors, height * (vectors + 1)) + TILE_CYCLES;
    const strip = evenly(rows, REGISTER_ROWS).reduce((sum, h) => sum + h.tiles * tile(h.height), 0);
    return Math.ceil(width / vectorColumns) * strip;
  };
  const between = input.packed ? extra : columns + extra;
  const cycles =
    planes * bands * (p.filters * (pass(between, ky) + pass(columns, kx)) + runs * copyCycles(input, binary)) +
    planes * p.filters * p.output[1] * p.output[2] * STORE_CYCLES;
  return { cycles, build };

  function build(): Plan {
    const type = p.dtype === "float32" ? "f32" : "f64";
    const scratchAcc = ZERO_BYTES;
    const scratchPixels = scratchAcc + REGISTER_ROWS * vectorColumns * size;
    const scratchBetween = roundUp(scratchPixels + 8 * REGISTER_ROWS, 64);
    // A tile reads to the end of its last vectors.
    const scratchX = roundUp(scratchBetween + rows * row + vectorColumns * size, 64);
    const tiles = p.filters === 0 ? 0 : p.batch * p.groups * runs * p.output[0] * bands;
    const terms = input.terms();
    const down = Int32Array.from({ length: ky }, (_, i) => terms[i * kx]!);
    const filterBytes = p.groups * p.filters * (ky + kx) * size;
    const perTile = (rows * columns * (ky + kx) * p.filters) / runs;
    const step = {
      kernel: `separable_${type}` as const,
      tiles,
      grain: Math.max(1, Math.floor(GRAIN_MULTIPLY_ADDS / Math.max(1, perTile))),
      cycles,
      scratchBytes: scratchX + input.bytes,
      block: separableBlock(
        p,
        {
          input,
          panels: Int32Array.of(0),
          width: p.filters,
          blockChannels: 1,
          blockTerms: product(p.taps),
          tileBatch: 1,
          tileGroups: 1,
          rows,
          columns,
          panelRuns: runs,
          registerRows: REGISTER_ROWS,
          registerVectors: vectors,
          scratchX,
          scratchAcc,
          scratchPixels,
        },
        {
          scratch: scratchBetween,
          row,
          columns: extra,
          terms: Int32Array.from([...down, ...terms.subarray(0, kx)]),
          filter: (ky + kx) * size,
        },
      ),
      pointers: convPointers(p),
    };
    return planFrom({
      problem: p,
      algorithm: "separable",
      lanes: "pixels",
      binary,
      filterSteps: [],
      filterBytes,
      steps: [step],
      workBytes: 0,
      notes: [
        `filters of rank one: ${ky} + ${kx} multiply-adds an output instead of ${product(p.taps)}`,
        `tile: 1 image × ${rows} rows × ${columns} columns, both passes`,
        input.packed ? `input: padded per tile in scratch, ${input.bytes} bytes` : "input: read in place",
      ],
    });
  }
}

/** Rows of what stands between the passes, in bytes, and CONV_BETWEEN_COLUMNS. */
function intermediate(p: ConvProblem, input: InputTile, columns: number, vectorColumns: number, size: number) {
  const overhang = (p.taps[2] - 1) * p.dilation[2];
  const packedRow = input.pitches[3] / size;
  const width = input.packed ? packedRow : columns + overhang;
  return { row: roundUp(width, vectorColumns) * size, extra: input.packed ? packedRow : overhang };
}
