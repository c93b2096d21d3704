/**
 * A ConvProblem as an implicit matrix product in WGSL, specialised to its shape:
 *
 *   y[k, p] = act( bias[k] + Σ_j w[k, j] · x[p, j] )      k filter, p pixel (image, z, y, x), j term (channel and taps)
 *
 * A workgroup of 16 × 16 threads computes a tile of filters × pixels, STEP terms at a time: both operands are copied into workgroup memory,
 * where positions in the padding become zeros, and each thread keeps a little tile of sums in registers. Nothing is laid out
 * beforehand: `terms` says for each j where its operands stand, relative to a pixel and to a filter, and which taps it is.
 */
import type { ConvProblem } from "../problem/problem.ts";
import { product, staysInside, termCount } from "../problem/problem.ts";

const SIDE = 16;
const STEP = 16;
/** Pixels of a thread. */
const WIDE = 4;

export interface Shape {
  /** Filters and pixels of a workgroup's tile. */
  readonly filters: number;
  readonly pixels: number;
}

/** Few filters make a lower tile, so that threads do not compute what nobody wants. */
export function tileOf(p: ConvProblem): Shape {
  const tall = p.filters <= SIDE ? 1 : p.filters <= 2 * SIDE ? 2 : 4;
  return { filters: tall * SIDE, pixels: WIDE * SIDE };
}

/** For each term: offsets of its operands in x and in w, then its place on the axes z, y, x. Eight words each. */
export function termTable(p: ConvProblem): Int32Array {
  const table = new Int32Array(8 * Math.max(1, termCount(p)));
  let at = 0;
  for (let c = 0; c < p.channels; c++) {
    for (let z = 0; z < p.taps[0]; z++) {
      for (let y = 0; y < p.taps[1]; y++) {
        for (let x = 0; x < p.taps[2]; x++, at += 8) {
          const [dz, dy, dx] = [z * p.dilation[0], y * p.dilation[1], x * p.dilation[2]];
          const inX = c * p.x.channel + dz * p.x.space[0] + dy * p.x.space[1] + dx * p.x.space[2];
          const inW = c * p.w.channel + z * p.w.space[0] + y * p.w.space[1] + x * p.w.space[2];
          table.set([inX, inW, dz, dy, dx], at);
        }
      }
    }
  }
  return table;
}

const ACTIVATIONS = {
  linear: "v",
  relu: "max(v, 0.0)",
  tanh: "tanh(v)",
  sigmoid: "1.0 / (1.0 + exp(-v))",
};

/** The uniform words of one piece: its pixels, its first image and z, its z's, and what to take off addresses in x and y. */
export const PIECE_WORDS = 8;

export function shaderOf(p: ConvProblem): string {
  const { filters: tileFilters } = tileOf(p);
  const tall = tileFilters / SIDE;
  const inside = staysInside(p);
  const [sz, sy, sx] = p.stride;
  const [lz, ly, lx] = p.low;
  const value = inside
    ? "x[u32(origin + t.x)]"
    : `select(0.0, x[u32(select(0, origin + t.x, within(at + vec3<i32>(t.z, t.w, terms[2 * j + 1].x))))], within(at + vec3<i32>(t.z, t.w, terms[2 * j + 1].x)))`;
  return /* wgsl */ `
struct Piece { pixels: u32, z0: u32, depth: u32, x_shift: i32, y_shift: i32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> terms: array<vec4<i32>>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<uniform> piece: Piece;

const TERMS = ${termCount(p)}u;
const LAST = ${Math.max(0, termCount(p) - 1)}u;
const FILTERS = ${p.filters}u;
var<workgroup> tile_w: array<f32, ${STEP * tileFilters}>;
var<workgroup> tile_x: array<f32, ${STEP * WIDE * SIDE}>;

fn within(at: vec3<i32>) -> bool {
  return all(vec3<u32>(at) < vec3<u32>(${p.input.map((n) => `${n}u`).join(", ")}));
}

/** Image, z, y, x of pixel i of the piece. */
fn place(i: u32) -> vec4<i32> {
  let column = i % ${p.output[2]}u;
  let row = i / ${p.output[2]}u;
  let plane = row / ${p.output[1]}u;
  return vec4<i32>(vec4<u32>(plane / piece.depth, plane % piece.depth + piece.z0, row % ${p.output[1]}u, column));
}

fn act(v: f32) -> f32 { return ${ACTIVATIONS[p.activation]}; }

@compute @workgroup_size(${SIDE}, ${SIDE})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let k0 = group.y * ${tileFilters}u;
  let p0 = group.x * ${WIDE * SIDE}u;
  let g = i32(group.z);

  // The pixel whose operands this thread copies, and the filters.
  let mine = thread % ${WIDE * SIDE}u;
  let seat = place(min(p0 + mine, piece.pixels - 1u));
  let at = vec3<i32>(seat.y * ${sz} - ${lz}, seat.z * ${sy} - ${ly}, seat.w * ${sx} - ${lx});
  let origin = ${p.x.offset} + seat.x * ${p.x.batch} + g * ${p.x.group} + at.x * ${p.x.space[0]} + at.y * ${p.x.space[1]} + at.z * ${p.x.space[2]} - piece.x_shift;
  let column = thread % ${STEP}u;

  var sums: array<vec4<f32>, ${tall}>;
  for (var start = 0u; start < TERMS; start += ${STEP}u) {
    for (var i = 0u; i < ${(STEP * tileFilters) / (SIDE * SIDE)}u; i++) {
      let row = thread / ${STEP}u + i * ${(SIDE * SIDE) / STEP}u;
      let k = k0 + row;
      let j = start + column;
      var v = 0.0;
      if (k < FILTERS && j < TERMS) { v = w[u32(${p.w.offset} + g * ${p.w.group} + i32(k) * ${p.w.filter} + terms[2 * j].y)]; }
      tile_w[column * ${tileFilters}u + row] = v;
    }
    for (var i = 0u; i < ${(STEP * WIDE * SIDE) / (SIDE * SIDE)}u; i++) {
      let row = thread / ${WIDE * SIDE}u + i * ${SIDE / WIDE}u;
      let j = min(start + row, LAST);
      let t = terms[2 * j];
      tile_x[row * ${WIDE * SIDE}u + mine] = ${value};
    }
    workgroupBarrier();
    let count = min(${STEP}u, TERMS - start);
    for (var j = 0u; j < count; j++) {
      let b = j * ${WIDE * SIDE}u + (thread % ${SIDE}u) * ${WIDE}u;
      let pixels = vec4<f32>(tile_x[b], tile_x[b + 1u], tile_x[b + 2u], tile_x[b + 3u]);
      let a = j * ${tileFilters}u + (thread / ${SIDE}u) * ${tall}u;
      for (var i = 0u; i < ${tall}u; i++) { sums[i] = fma(vec4<f32>(tile_w[a + i]), pixels, sums[i]); }
    }
    workgroupBarrier();
  }

  for (var q = 0u; q < ${WIDE}u; q++) {
    let i = p0 + (thread % ${SIDE}u) * ${WIDE}u + q;
    if (i >= piece.pixels) { break; }
    let to = place(i);
    let base = ${p.y.offset} + to.x * ${p.y.batch} + g * ${p.y.group} + to.y * ${p.y.space[0]} + to.z * ${p.y.space[1]} + to.w * ${p.y.space[2]} - piece.y_shift;
    for (var n = 0u; n < ${tall}u; n++) {
      let k = k0 + (thread / ${SIDE}u) * ${tall}u + n;
      if (k < FILTERS) { y[u32(base + i32(k) * ${p.y.channel})] = act(sums[n][q]${p.bias ? ` + bias[u32(g * ${p.filters}) + k]` : ""}); }
    }
  }
}
`;
}

/** Multiply-adds that a workgroup's tiles really do, padding of tiles included: for estimates. */
export function paddedWork(p: ConvProblem): number {
  const { filters, pixels } = tileOf(p);
  const up = (n: number, tile: number) => Math.ceil(n / tile) * tile;
  return p.groups * up(p.filters, filters) * up(p.batch * product(p.output), pixels) * termCount(p);
}
