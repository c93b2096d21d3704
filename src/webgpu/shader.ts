/**
 * A ConvProblem as an implicit matrix product in WGSL:
 *
 *   y[k, p] = act( bias[k] + Σ_j w[k, j] · x[p, j] )      k filter, p pixel (image, z, y, x), j term (channel and taps)
 *
 * Each thread keeps a tile of sums in registers: `tall` filters by `wide` groups of four pixels. Operands come through workgroup
 * memory, `step` terms at a time, or are read in place (loop.ts). The text depends on the tile and on a few properties; extents
 * and strides are uniforms, as the loop needs none, so that problems of a kind share a pipeline. Filters are packed (pack.ts);
 * `terms` says for each j where its operand of x is relative to a pixel, and which taps it is (form.ts).
 *
 * The four pixels of a group are as many elements apart as the tile has groups, so that neighbouring threads read and write
 * neighbouring elements; where x and y can be read as vec4s, they are one such element. All is float32: half the precision would not keep
 * what numerics.md promises.
 */
import type { Activation } from "../problem/problem.ts";
import { filtersAt, filterType, type Kind, lanesOf, loopOf, together, workgroupMemory } from "./loop.ts";
import { buffers, each, main } from "./text.ts";
import { filtersOf, groupsOf, threadsOf } from "./tile.ts";

export interface Kernel extends Kind {
  readonly activation: Activation;
}

/** The uniform buffer: vec4<i32> each. */
export const PIECE = {
  /** Elements of y along its pixels, filters of a group, terms with padding, workgroups. */
  counts: 0,
  /** Tiles along the filters and the pixels, groups, terms of a part. */
  tiles: 1,
  /** Extents of a piece of y: z, y, x; and how far apart the results of parts are. */
  output: 2,
  /** As many elements as the tile has groups, as a place: image, z, y, x. */
  hop: 3,
  stride: 4,
  low: 5,
  input: 6,
  dilation: 7,
  /** Taps of each axis that have a bit: z, y, x. */
  marked: 8,
  /** Element at the origin, strides of images and groups. */
  x: 9,
  xSpace: 10,
  /** Element at the origin, strides of images, groups and filters. */
  y: 11,
  ySpace: 12,
} as const;

/** Of a mask of taps: this pixel exists; this term does not. */
export const PIXEL_BIT = 31;
export const MOST_MARKS = 30;

/** Of a vec4 called v. */
export const ACTIVATIONS: Record<Activation, string> = {
  linear: "v",
  relu: "max(v, vec4f())",
  tanh: "tanh(v)",
  sigmoid: "1.0 / (1.0 + exp(-v))",
};

export function shaderOf(kernel: Kernel): string {
  const { tile, activation } = kernel;
  const { columns, rows, tall, wide } = tile;
  const broadcasts = !tile.staged && tile.step > 1;
  const k = (e: number) => Math.floor(e / together(tile)) * rows * together(tile) + (e % together(tile));
  return /* wgsl */ `${broadcasts ? "enable subgroups;" : ""}
${declarations(kernel)}
${workgroupMemory(kernel)}
${PLACES}
${TAPS[kernel.taps]}
fn act(v: vec4f) -> vec4f { return ${ACTIVATIONS[activation]}; }
${main(threadsOf(tile), broadcasts ? ", @builtin(subgroup_invocation_id) lane: u32" : "")}
  if (block >= u32(piece.counts.w)) { return; }
  let tiles = vec4u(piece.tiles);
  let which = block / tiles.x;
  let group = which / tiles.y % tiles.z;
  let part = which / tiles.y / tiles.z;
  let first = which % tiles.y * ${lanesOf(kernel) * groupsOf(tile)}u;
  let filters = ${filtersAt(tile, "(group * tiles.x + block % tiles.x)")};
  let begin = part * tiles.w;
  let end = min(begin + tiles.w, u32(piece.counts.z));
  let row = thread / ${columns}u;
  let column = thread % ${columns}u;
  ${each(wide * tall, (i) => `var sum${Math.floor(i / tall)}_${i % tall} = vec4f();`, " ")}
  ${loopOf(kernel)}
  let base = piece.y.x + i32(group) * piece.y.z + i32(part) * piece.output.w;
  let k = i32(block % tiles.x * ${filtersOf(tile)}u + row * ${together(tile)}u);
  let most = piece.counts.y;
  ${each(
    tall,
    (e) => `let k${e} = k + ${k(e)};
  let bias${e} = select(0.0, bias[i32(group) * most + min(k${e}, most - 1)], part == 0u);
  ${each(wide, (g) => `sum${g}_${e} = act(sum${g}_${e} + bias${e});`, " ")}`,
  )}
  ${each(wide, (g) => store(kernel, g))}
}
`;
}

function declarations({ tile, vectors, taps }: Kernel): string {
  const number = vectors ? "vec4f" : "f32";
  const words = taps === "bits" ? "vec2i" : "vec4i";
  const types = { x: number, w: filterType(tile), y: number, terms: words, bias: "f32" };
  const storage = Object.entries(types).map(([name, type]) => `${name}: array<${type}>`);
  const rows = Object.keys(PIECE).map((name) => `${name}: vec4i`);
  return `struct Piece { ${rows.join(", ")} }
${buffers(storage, 2, "piece: Piece")}`;
}

/**
 * place: image, z, y, x of element i. hop: as many elements further as the tile has groups, without a division. corner: where a pixel's window begins, as coordinates;
 * origin: the same as an address.
 */
const PLACES = `
fn place(i: u32) -> vec4u {
  let extents = vec3u(piece.output.xyz);
  let row = i / extents.z;
  let plane = row / extents.y;
  return vec4u(plane / extents.x, plane % extents.x, row % extents.y, i % extents.z);
}
fn hop(seat: vec4u) -> vec4u {
  let extents = vec3u(piece.output.xyz);
  var to = seat + vec4u(piece.hop);
  if (to.w >= extents.z) { to.w -= extents.z; to.z += 1u; }
  if (to.z >= extents.y) { to.z -= extents.y; to.y += 1u; }
  if (to.y >= extents.x) { to.y -= extents.x; to.x += 1u; }
  return to;
}
fn corner(seat: vec4u) -> vec3i { return vec3i(seat.yzw) * piece.stride.xyz - piece.low.xyz; }
fn origin(image: u32, group: u32, at: vec3i) -> i32 {
  return piece.x.x + i32(image) * piece.x.y + i32(group) * piece.x.z + dot(at, piece.xSpace.xyz);
}`;

/** What terms are held against: the taps of a window that are inside. A pixel beyond the last has none. */
const TAPS: Record<Kernel["taps"], string> = {
  bits: `
fn taps(at: vec3i, i: u32) -> u32 {
  var have = select(0u, 1u << ${PIXEL_BIT}u, i < u32(piece.counts.x));
  var bit = 0u;
  for (var axis = 0u; axis < 3u; axis++) {
    for (var tap = 0; tap < piece.marked[axis]; tap++) {
      have |= select(0u, 1u, u32(at[axis] + tap * piece.dilation[axis]) < u32(piece.input[axis])) << bit;
      bit++;
    }
  }
  return have;
}`,
  coordinates: `
fn taps(at: vec3i, i: u32) -> vec3i { return select(vec3i(-(1 << 30)), at, i < u32(piece.counts.x)); }
fn within(at: vec3i) -> bool { return all(vec3u(at) < vec3u(piece.input.xyz)); }`,
};

/** One group of pixels, every filter of the thread. */
function store(kernel: Kernel, g: number): string {
  const { tile, vectors } = kernel;
  const first = `first + column + ${g * tile.columns}u`;
  return `var seat${g} = place(${first});
  for (var l = 0u; l < ${lanesOf(kernel)}u; l++) {
    if (${first} + l * ${groupsOf(tile)}u < u32(piece.counts.x)) {
      let at = base + i32(seat${g}.x) * piece.y.y + dot(vec3i(seat${g}.yzw), piece.ySpace.xyz);
      ${each(tile.tall, (e) => `if (k${e} < most) { y[at + k${e} * piece.y.w] = sum${g}_${e}${vectors ? "" : "[l]"}; }`)}
    }
    seat${g} = hop(seat${g});
  }`;
}
