/** How a gradient with respect to filters is cut: pieces and blocks of the outputs, rows and panels of filters. */
import { type ConvProblem, multiplyAdds, product } from "../problem/problem.ts";
import { evenPart } from "./direct.ts";
import { type InputTile, layOutInputTile } from "./input-tile.ts";
import { type BinaryName, elementBytes, laneCount, registerTiles } from "./registers.ts";

/** Pixels of a piece: enough that loading and storing the accumulators is little beside it, few enough for L1. */
const PIECE_PIXELS = { filters: 256, rows: 256, dots: 1024 };
/** Accumulators of a tile stay in L2 with the piece's operands. */
const ACCUMULATOR_BYTES = 160 * 1024;
/** Multiply-adds of a tile: some 200 µs at the relaxed peak. */
const TILE_MULTIPLY_ADDS = 5e6;
/** So many tiles keep several threads busy to the end, if each is worth being handed out. */
const WANTED_TILES = 16;
const LEAST_TILE_MULTIPLY_ADDS = 2e5;
/** Rows and filters of a tile for which a piece is still worth packing; of `rows` it is the filters that share what is packed. */
const LEAST = { filters: { rows: 96, filters: 64 }, rows: { rows: 96, filters: 128 }, dots: { rows: 96, filters: 64 } };
/** Terms of a block: so many multiply-adds an output hide what adding the blocks up costs. */
const LEAST_BLOCK_TERMS = 512;
const MOST_BLOCKS = 64;
/** All blocks together, whatever the engine's memory. */
const MOST_BLOCK_BYTES = 128 * 1024 * 1024;

/** The register tile of Dots, in any binary. */
export const DOTS_ROWS = 6;

/** What lanes run over: filters; rows, which are channels and taps; pixels, whose lanes are added up. */
export type Form = "filters" | "rows" | "dots";

/** What a tile takes at a time: images, rows and columns of the outputs' gradient. Of the problem alone. */
interface Pieces {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
}

function piecesOf(p: ConvProblem, form: Form): Pieces {
  const most = PIECE_PIXELS[form];
  const [depth, outRows, outColumns] = p.output;
  const columns = evenPart(outColumns, 2 * most, 4);
  const rows = evenPart(outRows, Math.max(1, Math.floor(most / columns)));
  const whole = rows === outRows && columns === outColumns;
  const batch = whole ? Math.max(1, Math.min(p.batch, Math.floor(most / (rows * columns)))) : 1;
  const count = Math.ceil(p.batch / batch) * depth * Math.ceil(outRows / rows) * Math.ceil(outColumns / columns);
  return { batch, rows, columns, count };
}

/**
 * Blocks of terms, each with partial sums of its own: what rows, filters and groups cannot give of tiles. They decide the order of
 * additions, and so must depend on the problem alone.
 */
function blocksOf(p: ConvProblem, pieces: Pieces): number {
  const size = elementBytes(p.dtype);
  const rows = p.channels * product(p.taps);
  const parts = p.groups * Math.ceil(rows / LEAST.filters.rows) * Math.ceil(p.filters / LEAST.filters.filters);
  const terms = p.batch * product(p.output);
  const memory = Math.floor(MOST_BLOCK_BYTES / (p.w.size * size));
  const most = Math.min(pieces.count, Math.floor(terms / LEAST_BLOCK_TERMS), MOST_BLOCKS, memory);
  return Math.max(1, Math.min(most, Math.ceil(wantedTiles(p) / parts)));
}

function wantedTiles(p: ConvProblem): number {
  const total = multiplyAdds(p);
  const worth = Math.max(1, Math.min(WANTED_TILES, Math.floor(total / LEAST_TILE_MULTIPLY_ADDS)));
  return Math.max(worth, Math.ceil(total / TILE_MULTIPLY_ADDS));
}

export interface Tiling {
  readonly pieces: Pieces;
  readonly blocks: number;
  readonly blockChannels: number;
  readonly rowRuns: number;
  readonly panelRuns: number;
  readonly tileGroups: number;
  readonly panels: Int32Array;
  readonly registerRows: number;
  readonly registerVectors: number;
  readonly input: InputTile;
  readonly accumulatorBytes: number;
  readonly tiles: number;
}

export function tilingOf(p: ConvProblem, binary: BinaryName, form: Form): Tiling {
  const lanes = laneCount(binary, p.dtype);
  const { vectors } = registerTiles[binary];
  const registerRows = form === "dots" ? DOTS_ROWS : registerTiles[binary].rows;
  const registerVectors = form === "dots" ? 1 : vectors;
  const width = { dots: 1, filters: vectors * lanes, rows: registerRows }[form];
  const panelCount = Math.ceil(p.filters / width);
  const panels = Int32Array.from({ length: panelCount + 1 }, (_, i) => Math.min(i * width, p.filters));
  const pieces = piecesOf(p, form);
  const blocks = blocksOf(p, pieces);
  const taps = product(p.taps);

  // How often rows and panels are cut: for accumulators that fit, and tiles that are short and many enough.
  const slot = registerRows * registerVectors * lanes * elementBytes(p.dtype);
  const tallest = form === "rows" ? vectors * lanes : registerRows;
  // Sums of a single piece need not rest.
  const rests = pieces.count > blocks;
  const bytesOf = (rows: number, panelsOfTile: number) => (rests ? Math.ceil(rows / tallest) * panelsOfTile : 1) * slot;
  const wanted = Math.ceil(wantedTiles(p) / (p.groups * blocks));
  const { rows: leastRows, filters: leastFilters } = LEAST[form];
  let panelRuns = 1;
  let cuts = 1;
  let rowRuns = 1;
  const rowsOfTile = () => Math.ceil((Math.ceil(p.channels / cuts) * taps) / rowRuns);
  const tooLarge = () =>
    panelRuns * cuts * rowRuns < wanted || bytesOf(rowsOfTile(), Math.ceil(panelCount / panelRuns)) > ACCUMULATOR_BYTES;
  while (tooLarge()) {
    const filtersOfTile = p.filters / panelRuns;
    const mayCutRows = rowsOfTile() > leastRows / 2 && (cuts < p.channels || rowRuns < taps);
    const mayCutPanels = filtersOfTile > leastFilters / 2 && panelRuns < panelCount;
    if (!mayCutRows && !mayCutPanels) break;
    if (mayCutPanels && (!mayCutRows || filtersOfTile / leastFilters > rowsOfTile() / leastRows)) {
      panelRuns = Math.min(panelCount, 2 * panelRuns);
    } else if (cuts < p.channels) cuts = Math.min(p.channels, 2 * cuts);
    else rowRuns *= 2;
  }
  const blockChannels = Math.ceil(p.channels / cuts);
  cuts = Math.ceil(p.channels / blockChannels);
  const alone = panelRuns * cuts * rowRuns;
  const each = multiplyAdds(p) / (p.groups * blocks);
  const tileGroups =
    alone > 1
      ? 1
      : Math.max(
          1,
          Math.min(Math.floor(TILE_MULTIPLY_ADDS / 4 / each), Math.floor((p.groups * blocks) / WANTED_TILES)),
        );
  const input = layOutInputTile(p, {
    rows: pieces.rows,
    columns: pieces.columns,
    channels: blockChannels,
    overColumns: form !== "filters",
    vectorColumns: lanes,
  });
  return {
    pieces, blocks, blockChannels, rowRuns, panelRuns, tileGroups, panels, registerRows, registerVectors, input,
    accumulatorBytes: bytesOf(rowsOfTile(), Math.ceil(panelCount / panelRuns)),
    tiles: Math.ceil(p.groups / tileGroups) * alone * blocks,
  }; // biome-ignore format: a list
}
