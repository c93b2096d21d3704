/** Plans of one tap by Strassen's seven products (assembly/strassen.ts). */
import * as A from "../../assembly/args.ts";
import { type ConvProblem, product } from "../problem/problem.ts";
import { convPointers, packPointers, strassenBlock, strassenFiltersBlock } from "./blocks.ts";
import { copyCycles, PACK_CYCLES, TILE_CYCLES, termCycles } from "./costs.ts";
import { type Candidate, evenPart, type OfLongRows, panelsOf } from "./direct.ts";
import { gatheredCandidate } from "./gathered.ts";
import { type InputTile, layOutInputTile, oddLines, roundUp } from "./input-tile.ts";
import { type Layout, planFrom } from "./plan.ts";
import { type BinaryName, evenly, laneCount, registerTiles } from "./registers.ts";
import { BLOCK_TERMS } from "./winograd-cost.ts";

const SIZE = 4;
const PRODUCTS = 7;
const PAIR = 2 * A.STRASSEN_HALF;
/** Of a product's input, which all its filters meet: stays in L1. */
const PANEL_BYTES = 32 * 1024;
const MOST_COLUMNS = 256;
/** Panels of filters whose products wait for each other in L2. */
const PASS_PANELS = 24;
/** Threads share a problem evenly if it has so many tiles; a run of filters combines its input again, and should have so many. */
const SHARED_TILES = 12;
const LEAST_FILTERS = 64;
/** A tile of more would hold a thread for long. */
const LARGEST_TILE_MULTIPLY_ADDS = 1e7;
/** Combining four vectors of input, and seven of products. */
const INPUT_CYCLES = 9;
const OUTPUT_CYCLES = 14;
/** A byte of filters that do not stay in L2; they come in order, and long before they are needed. */
const NEAR_BYTES = 1280 * 1024;
const FAR_CYCLES = 0.02;

interface Tiling {
  readonly columns: number;
  readonly runs: number;
  readonly input: InputTile;
  readonly cycles: number;
}

/** Row by row, or over long rows that are gathered first. None where the algorithm does not apply: more taps, float64, odd numbers of channels or filters. */
export function strassenCandidates(p: ConvProblem, binary: BinaryName): Candidate[] {
  const { dtype, taps, filters, channels, w } = p;
  const isHalved = (count: number) => count > 0 && count % 2 === 0;
  if (dtype !== "float32" || w.position || product(taps) !== 1 || !isHalved(channels) || !isHalved(filters)) return [];
  const { name, cycles, layout } = strassenOf(p, p, binary);
  const gathered = gatheredCandidate(p, binary, (long) => strassenOf(p, long, binary));
  return [{ name, cycles, build: () => planFrom(layout()) }, ...(gathered ? [gathered] : [])];
}

/** Of the problem as its filters are given, and as the main step reads its input. */
function strassenOf(given: ConvProblem, p: ConvProblem, binary: BinaryName): OfLongRows {
  const tiling = tilingOf(p, binary);
  const layout = () => strassenLayout(given, p, binary, tiling);
  return { name: "strassen", cycles: tiling.cycles, reads: tiling.runs, layout };
}

function tilingOf(p: ConvProblem, binary: BinaryName): Tiling {
  const lanes = laneCount(binary, p.dtype);
  const { rows: tall, vectors } = registerTiles[binary];
  const [depth, rows, outX] = p.output;
  const { filters, channels } = p;
  const most = Math.min(MOST_COLUMNS, (4 * PANEL_BYTES) / SIZE / channels);
  const columns = Math.max(PAIR, evenPart(roundUp(outX, PAIR), most, PAIR));
  // Read two rows at a time, wherever they stand.
  const input = layOutInputTile(p, {
    rows: 1,
    columns,
    channels,
    overColumns: true,
    vectorColumns: PAIR,
    mostPages: Number.POSITIVE_INFINITY,
  });
  const images = p.batch * p.groups * depth * rows;
  const tiles = images * Math.ceil(outX / columns);
  const shared = Math.ceil(SHARED_TILES / Math.max(1, tiles));
  const short = Math.ceil((columns * filters * channels) / LARGEST_TILE_MULTIPLY_ADDS);
  const runs = Math.max(1, Math.min(Math.max(shared, short), Math.floor(filters / LEAST_FILTERS)));
  const groups = (images * Math.ceil(outX / PAIR) * A.STRASSEN_HALF) / lanes;
  const half = channels / 2;
  const each = (height: number) =>
    half * termCycles(binary, height, vectors, vectors + height) + Math.ceil(half / BLOCK_TERMS) * TILE_CYCLES;
  const column = evenly(filters / 2, tall).reduce((sum, { height, tiles: count }) => sum + count * each(height), 0);
  const filterBytes = ((PRODUCTS * filters * channels) / 4) * SIZE;
  const cycles =
    PRODUCTS * (groups / vectors) * column +
    groups * (runs * half * INPUT_CYCLES + (filters / 2) * OUTPUT_CYCLES) +
    tiles * runs * copyCycles(input, binary) +
    (filterBytes > NEAR_BYTES ? tiles * filterBytes * FAR_CYCLES : 0);
  return { columns, runs, input, cycles };
}

function strassenLayout(given: ConvProblem, p: ConvProblem, binary: BinaryName, tiling: Tiling): Layout {
  const { columns, runs, input, cycles } = tiling;
  const lanes = laneCount(binary, p.dtype);
  const { rows: tall, vectors } = registerTiles[binary];
  const wide = vectors * lanes;
  const half = p.channels / 2;
  const panels = panelsOf(p.filters / 2, tall, true);
  const count = columns / 2 / wide;
  const vPanel = half * wide * SIZE;
  const vPoint = oddLines(count * vPanel);
  const mSlot = tall * wide * SIZE;
  const passPanels = Math.min(Math.ceil((panels.length - 1) / runs), PASS_PANELS);
  const mPoint = oddLines(passPanels * count * mSlot);
  const wPoint = oddLines((p.filters / 2) * half * SIZE);
  const scratchRows = A.ZERO_BYTES;
  const scratchM = scratchRows + roundUp(2 * PAIR * SIZE, 64) + 64;
  const scratchV = scratchM + PRODUCTS * mPoint;
  const bands = Math.ceil(p.output[2] / columns);
  const scratchX = scratchV + PRODUCTS * vPoint;
  const words = {
    input,
    columns,
    runs,
    panels,
    vectors,
    blockTerms: Math.ceil(half / Math.ceil(half / BLOCK_TERMS)),
    vPanel,
    vPoint,
    mSlot,
    mPoint,
    passPanels,
    wPoint,
    wGroup: PRODUCTS * wPoint,
    scratchRows,
    scratchM,
    scratchV,
    scratchX,
  };
  const filterBytes = p.groups * PRODUCTS * wPoint;
  return {
    problem: given,
    algorithm: "winograd",
    lanes: "pixels",
    binary,
    filterSteps: [
      {
        kernel: "strassen_filters_f32",
        tiles: p.groups * (panels.length - 1),
        grain: 1,
        cycles: (filterBytes / SIZE) * PACK_CYCLES,
        scratchBytes: 0,
        block: strassenFiltersBlock(given, words),
        pointers: packPointers(given),
      },
    ],
    filterBytes,
    steps: [
      {
        kernel: "strassen_f32",
        tiles: p.groups * runs * p.batch * p.output[0] * p.output[1] * bands,
        grain: 1,
        cycles,
        scratchBytes: scratchX + input.bytes,
        block: strassenBlock(p, words),
        pointers: convPointers(p),
      },
    ],
    workBytes: 0,
    notes: [
      "Strassen's seven products of halves of the filters, channels and pixels instead of eight",
      `tile: ${columns} pixels of a row × ${Math.ceil(p.filters / runs)} filters`,
      input.packed ? `input: padded per tile in scratch, ${input.bytes} bytes` : "input: read in place",
    ],
  };
}
