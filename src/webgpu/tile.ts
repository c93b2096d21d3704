/** The tile that a workgroup computes: its threads, the sums of each, and how it reads its operands. */
import type { ConvProblem } from "../problem/problem.ts";
import { product, termCount } from "../problem/problem.ts";

export interface Tile {
  /** Threads: rows over filters, columns over pixels. */
  readonly rows: number;
  readonly columns: number;
  /** What one thread keeps: filters, and groups of four pixels. */
  readonly tall: number;
  readonly wide: number;
  /** Operands are copied into workgroup memory; else they are read where they are, which serves where they are used by few. */
  readonly staged: boolean;
  /** Terms at a time. Not staged, more than one are shared out in a subgroup: each thread reads one, and all get it by broadcast. */
  readonly step: number;
}

/** What a device allows; a GPUDevice's limits. */
export type TileLimits = Pick<
  GPUSupportedLimits,
  "maxComputeInvocationsPerWorkgroup" | "maxComputeWorkgroupSizeX" | "maxComputeWorkgroupStorageSize"
>;

/** A group is a vec4: the four pixels that a thread computes together. */
export const GROUP = 4;

export const threadsOf = ({ rows, columns }: Tile): number => rows * columns;
export const filtersOf = ({ rows, tall }: Tile): number => rows * tall;
export const groupsOf = ({ columns, wide }: Tile): number => columns * wide;
export const pixelsOf = (tile: Tile): number => GROUP * groupsOf(tile);

export interface TileShape extends Omit<Tile, "step"> {
  readonly cost: number;
}

/**
 * What a multiply-add costs in a tile, the largest being 1: the more sums a thread has, the fewer operands it reads for each. Reckoned, not
 * measured on a card (software adapters tell nothing of that): from the reads of workgroup memory per multiply-add,
 * (tall + wide · 4) / (tall · wide · 4), and where nothing is staged from the loads of x.
 */
export const TILES: readonly TileShape[] = [
  { staged: true, rows: 16, columns: 16, tall: 8, wide: 2, cost: 1 },
  { staged: true, rows: 8, columns: 32, tall: 8, wide: 1, cost: 1.1 },
  { staged: true, rows: 8, columns: 16, tall: 8, wide: 1, cost: 1.15 },
  { staged: true, rows: 4, columns: 32, tall: 8, wide: 1, cost: 1.2 },
  { staged: true, rows: 8, columns: 8, tall: 4, wide: 1, cost: 1.5 },
  { staged: true, rows: 4, columns: 16, tall: 4, wide: 1, cost: 1.7 },
  { staged: false, rows: 1, columns: 64, tall: 8, wide: 1, cost: 2.2 },
  { staged: false, rows: 1, columns: 64, tall: 4, wide: 1, cost: 3 },
  { staged: false, rows: 1, columns: 64, tall: 2, wide: 1, cost: 5 },
  { staged: false, rows: 1, columns: 64, tall: 1, wide: 1, cost: 8 },
];

/** Threads that keep a GPU of middling size busy, some 60 cores of two workgroups each; nothing in WebGPU says how large one is. */
const ENOUGH_THREADS = 32768;

/** Of a part of a sum, so that writing it and adding it up is little beside computing it. */
const LEAST_TERMS = 128;

const STEPS = [16, 12, 8];
/** Of a broadcast: no subgroup is narrower. SwiftShader, kernels that read operands in place: 1.3 to 1.9 times as fast as without. */
const SHARED_STEP = 4;

const FLOAT = 4;
const up = (n: number, to: number) => Math.ceil(n / to) * to;

export const paddedTerms = (p: ConvProblem, { step }: Tile): number => up(termCount(p), step);

/** Multiply-adds that a tile really does for the problem, its padding included. */
function paddedWork(p: ConvProblem, tile: Tile): number {
  const pixels = p.batch * product(p.output);
  return p.groups * up(p.filters, filtersOf(tile)) * up(pixels, pixelsOf(tile)) * paddedTerms(p, tile);
}

export function workgroupsOf(p: ConvProblem, tile: Tile): number {
  const pixels = p.batch * product(p.output);
  return p.groups * Math.ceil(p.filters / filtersOf(tile)) * Math.ceil(pixels / pixelsOf(tile));
}

export interface Choice {
  readonly tile: Tile;
  /** Of each sum; more than one where there would be too few workgroups. */
  readonly parts: number;
}

/** Elements of the filters as a tile reads them: see pack.ts. */
export function packedSize(p: ConvProblem, tile: Tile): number {
  return p.groups * up(p.filters, filtersOf(tile)) * paddedTerms(p, tile);
}

interface Given {
  readonly mostElements: number;
  readonly tiles?: readonly TileShape[];
  /** The device has them. */
  readonly subgroups?: boolean;
}

/** Null where the device allows none of them, or holds the packed filters of none. */
export function chooseTile(
  p: ConvProblem,
  limits: TileLimits,
  { mostElements, tiles = TILES, subgroups = false }: Given,
): Choice | null {
  let best: (Choice & { cost: number }) | null = null;
  for (const { cost, ...shape } of tiles) {
    const tile = { ...shape, step: shape.staged ? stagedStep(p) : subgroups ? sharedStep(p) : 1 };
    if (!allows(limits, tile) || packedSize(p, tile) > mostElements) continue;
    const threads = workgroupsOf(p, tile) * threadsOf(tile);
    const most = Math.max(1, Math.floor(termCount(p) / LEAST_TERMS));
    const parts = Math.max(1, Math.min(most, Math.floor(ENOUGH_THREADS / threads)));
    const busy = Math.min(1, (threads * parts) / ENOUGH_THREADS);
    const total = (paddedWork(p, tile) * cost) / busy;
    if (!best || total < best.cost) best = { tile, parts, cost: total };
  }
  return best;
}

/** What the problem costs on a busy device, in multiply-adds of the best tile. */
export function costOf(p: ConvProblem, tile: Tile): number {
  const { cost } = TILES.find(
    ({ rows, columns, tall }) => tile.rows === rows && tile.columns === columns && tile.tall === tall,
  )!;
  return paddedWork(p, tile) * cost;
}

/** As many terms at a time as pad the sum by little: each step costs two barriers. */
function stagedStep(p: ConvProblem): number {
  const costs = STEPS.map((step) => up(termCount(p), step) * (1 + 0.4 / step));
  return STEPS[costs.indexOf(Math.min(...costs))]!;
}

/** Not where a good part of the last broadcast would be for nothing. */
function sharedStep(p: ConvProblem): number {
  return up(termCount(p), SHARED_STEP) < 1.2 * termCount(p) ? SHARED_STEP : 1;
}

function allows(limits: TileLimits, tile: Tile): boolean {
  const threads = threadsOf(tile);
  const bytes = tile.staged ? FLOAT * tile.step * (filtersOf(tile) + pixelsOf(tile)) : 0;
  return (
    threads <= limits.maxComputeInvocationsPerWorkgroup &&
    threads <= limits.maxComputeWorkgroupSizeX &&
    bytes <= limits.maxComputeWorkgroupStorageSize
  );
}
