/**
 * A ConvProblem as an implicit matrix product in WGSL:
 *
 *   y[k, p] = act( bias[k] + Σ_j w[k, j] · x[p, j] )      k filter, p pixel (image, z, y, x), j term (channel and taps)
 *
 * Each thread keeps a tile of sums in registers: `tall` filters by `wide` groups of four pixels. A workgroup copies `step` terms of
 * both operands into workgroup memory at a time, padding as zeros, so that the loop over them has no condition and no address that
 * depends on the problem. The text depends on the tile and on a few properties; extents and strides are in a uniform
 * buffer, so that problems of a kind share a pipeline: none is needed in the loop. Filters are packed (pack.ts), `terms` says for each j where its
 * operand of x stands relative to a pixel, and which taps it is (terms.ts).
 *
 * The four pixels of a group are `GROUPS` apart, so that neighbouring threads read and write neighbouring elements; where
 * x and y can be read as vec4, they are one such element.
 */
import type { Activation } from "../problem/problem.ts";
import { filtersOf, GROUP, groupsOf, type Tile, threadsOf } from "./tile.ts";

export interface Kernel {
  readonly tile: Tile;
  /** Elements of x and y are vec4s. */
  readonly vectors: boolean;
  /** How a tap is found to be outside: bits for each tap of each axis, or its coordinates where those are too many. */
  readonly taps: "bits" | "coordinates";
  readonly activation: Activation;
}

/** The uniform buffer: vec4<i32> each. */
export const PIECE = {
  /** Elements of a group's pixels, filters of a group of filters, terms with padding, workgroups. */
  counts: 0,
  /** Tiles along the filters and the pixels, groups, terms of a part. */
  tiles: 1,
  /** Extents of a piece of y: z, y, x; and how far apart the results of parts are. */
  output: 2,
  /** How far GROUPS elements are: image, z, y, x. */
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

export const BINDINGS = ["x", "w", "y", "terms", "bias", "piece"] as const;

/** Of a vec4 called v. */
export const ACTIVATIONS: Record<Activation, string> = {
  linear: "v",
  relu: "max(v, vec4f())",
  tanh: "tanh(v)",
  sigmoid: "1.0 / (1.0 + exp(-v))",
};

const each = (n: number, line: (i: number) => string, between = "\n") =>
  Array.from({ length: n }, (_, i) => line(i)).join(between);

export function shaderOf({ tile, vectors, taps, activation }: Kernel): string {
  const { columns, rows, tall, wide, step } = tile;
  const [threads, groups, lanes] = [threadsOf(tile), groupsOf(tile), vectors ? 1 : GROUP];
  /** Filters that are read at once, and how many such reads a thread does for a term. */
  const together = Math.min(GROUP, tall);
  const reads = tall / together;
  const packed = filtersOf(tile) / together;
  const [number, filter] = [vectors ? "vec4f" : "f32", together === 1 ? "f32" : `vec${together}f`];
  const bits = taps === "bits";
  const weight = (e: number) => `a${Math.floor(e / together)}${together === 1 ? "" : `[${e % together}]`}`;
  /** Four pixels of a term, zeros where a tap is outside. */
  const gather = (set: string) => {
    const inside = (l: number) =>
      bits ? `(${set}have${l} & u32(t.y)) == u32(t.y)` : `within(${set}have${l} + vec3i(t.y, t.z, t.w))`;
    const read = (l: number) => `select(${number}(), x[select(0, ${set}from${l} + t.x, ok${l})], ok${l})`;
    return `${each(lanes, (l) => `let ok${l} = ${inside(l)};`, " ")}
      let v = vec4f(${each(lanes, read, ", ")});`;
  };
  /** Origins and taps of the pixels whose operands a thread reads. */
  const seats = (set: string, first: string) => `
  var ${set}seat = place(${first});
  ${each(lanes, (l) => {
    const next = l + 1 < lanes ? `${set}seat = hop(${set}seat);` : "";
    return `let ${set}at${l} = corner(${set}seat);
  let ${set}from${l} = origin(${set}seat.x, group, ${set}at${l});
  let ${set}have${l} = taps(${set}at${l}, ${first} + ${l * groups}u); ${next}`;
  })}`;
  const multiply = (v: number, value: string) =>
    each(tall, (e) => `sum${v}_${e} = fma(vec4f(${weight(e)}), ${value}, sum${v}_${e});`, "\n      ");
  const copyAll = (count: number, line: (slot: string) => string) =>
    each(Math.ceil(count / threads), (i) => {
      const body = `{ let slot = thread + ${i * threads}u; ${line("slot")} }`;
      return (i + 1) * threads <= count ? body : `if (thread < ${count - i * threads}u) ${body}`;
    });
  const staged = () => `${seats("", `first + thread % ${groups}u`)}
  for (var start = begin; start < end; start += ${step}u) {
    ${copyAll(step * packed, (slot) => `tile_w[${slot}] = w[filters + start * ${packed}u + ${slot}];`)}
    ${copyAll(
      step * groups,
      (slot) => `let t = terms[start + ${slot} / ${groups}u];
      ${gather("")}
      tile_x[${slot}] = v;`,
    )}
    workgroupBarrier();
    for (var j = 0u; j < ${step}u; j++) {
      ${each(reads, (r) => `let a${r} = tile_w[j * ${packed}u + row + ${r * rows}u];`, " ")}
      ${each(wide, (v) => `let b${v} = tile_x[j * ${groups}u + column + ${v * columns}u];`, " ")}
      ${each(wide, (v) => multiply(v, `b${v}`), "\n      ")}
    }
    workgroupBarrier();
  }`;
  const straight = () => `${each(wide, (v) => seats(`s${v}_`, `first + column + ${v * columns}u`))}
  for (var j = begin; j < end; j++) {
    let t = terms[j];
    ${each(reads, (r) => `let a${r} = w[filters + j * ${packed}u + row + ${r * rows}u];`, " ")}
    ${each(wide, (v) => `{ ${gather(`s${v}_`)} ${multiply(v, "v")} }`)}
  }`;
  const store = (v: number) => `
  var seat${v} = place(first + column + ${v * columns}u);
  for (var l = 0u; l < ${lanes}u; l++) {
    if (first + column + ${v * columns}u + l * ${groups}u < u32(piece.counts.x)) {
      let at = base + i32(seat${v}.x) * piece.y.y + dot(vec3i(seat${v}.yzw), piece.ySpace.xyz);
      ${each(tall, (e) => `if (k${e} < piece.counts.y) { y[at + k${e} * piece.y.w] = sum${v}_${e}${vectors ? "" : "[l]"}; }`, "\n      ")}
    }
    seat${v} = hop(seat${v});
  }`;
  return /* wgsl */ `
struct Piece { ${Object.keys(PIECE)
    .map((name) => `${name}: vec4i`)
    .join(", ")} }
@group(0) @binding(0) var<storage, read> x: array<${number}>;
@group(0) @binding(1) var<storage, read> w: array<${filter}>;
@group(0) @binding(2) var<storage, read_write> y: array<${number}>;
@group(0) @binding(3) var<storage, read> terms: array<${bits ? "vec2i" : "vec4i"}>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<uniform> piece: Piece;
${step ? `var<workgroup> tile_w: array<${filter}, ${step * packed}>; var<workgroup> tile_x: array<vec4f, ${step * groups}>;` : ""}

/** Image, z, y, x of element i. */
fn place(i: u32) -> vec4u {
  let extents = vec3u(piece.output.xyz);
  let row = i / extents.z;
  let plane = row / extents.y;
  return vec4u(plane / extents.x, plane % extents.x, row % extents.y, i % extents.z);
}

/** GROUPS elements further. */
fn hop(seat: vec4u) -> vec4u {
  let extents = vec3u(piece.output.xyz);
  var to = seat + vec4u(piece.hop);
  if (to.w >= extents.z) { to.w -= extents.z; to.z += 1u; }
  if (to.z >= extents.y) { to.z -= extents.y; to.y += 1u; }
  if (to.y >= extents.x) { to.y -= extents.x; to.x += 1u; }
  return to;
}

/** Where its window begins in x. */
fn corner(seat: vec4u) -> vec3i { return vec3i(seat.yzw) * piece.stride.xyz - piece.low.xyz; }

fn origin(image: u32, group: u32, at: vec3i) -> i32 {
  return piece.x.x + i32(image) * piece.x.y + i32(group) * piece.x.z + dot(at, piece.xSpace.xyz);
}

fn within(at: vec3i) -> bool { return all(vec3u(at) < vec3u(piece.input.xyz)); }

/** What terms hold against: the taps that are inside. A pixel beyond the last has none. */
${
  bits
    ? `fn taps(at: vec3i, i: u32) -> u32 {
  var have = select(0u, 1u << ${PIXEL_BIT}u, i < u32(piece.counts.x));
  var bit = 0u;
  for (var axis = 0u; axis < 3u; axis++) {
    for (var tap = 0; tap < piece.marked[axis]; tap++) {
      have |= select(0u, 1u, u32(at[axis] + tap * piece.dilation[axis]) < u32(piece.input[axis])) << bit;
      bit++;
    }
  }
  return have;
}`
    : `fn taps(at: vec3i, i: u32) -> vec3i { return select(vec3i(-(1 << 30)), at, i < u32(piece.counts.x)); }`
}

fn act(v: vec4f) -> vec4f { return ${ACTIVATIONS[activation]}; }

@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) size: vec3u, @builtin(local_invocation_index) thread: u32
) {
  let block = id.x + size.x * id.y;
  if (block >= u32(piece.counts.w)) { return; }
  let tiles = vec4u(piece.tiles);
  let which = block / tiles.x;
  let group = which / tiles.y % tiles.z;
  let part = which / tiles.y / tiles.z;
  let first = which % tiles.y * ${lanes * groups}u;
  let filters = (group * tiles.x + block % tiles.x) * u32(piece.counts.z) * ${packed}u;
  let begin = part * tiles.w;
  let end = min(begin + tiles.w, u32(piece.counts.z));
  let row = thread / ${columns}u;
  let column = thread % ${columns}u;
  ${each(wide * tall, (i) => `var sum${Math.floor(i / tall)}_${i % tall} = vec4f();`, " ")}
  ${step ? staged() : straight()}

  let base = piece.y.x + i32(group) * piece.y.z + i32(part) * piece.output.w;
  let k = i32(block % tiles.x * ${filtersOf(tile)}u + row * ${together}u);
  ${each(tall, (e) => {
    const k = `let k${e} = k + ${Math.floor(e / together) * rows * together + (e % together)};`;
    const b = `let bias${e} = select(0.0, bias[i32(group) * piece.counts.y + min(k${e}, piece.counts.y - 1)], part == 0u);`;
    return `${k} ${b} ${each(wide, (v) => `sum${v}_${e} = act(sum${v}_${e} + bias${e});`, " ")}`;
  })}
  ${each(wide, store)}
}
`;
}
