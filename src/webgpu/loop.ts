/**
 * The loop over the terms of a sum in WGSL. It has no condition, and no address that depends on the problem: taps that are outside
 * are zeros already, terms and filters are padded.
 *
 * In scope are begin, end (terms), first (element), filters (their place in w), group, row and column of the thread, and its
 * sums, sum⟨group of pixels⟩_⟨filter⟩. With a name before them: from⟨l⟩ and have⟨l⟩ are a pixel's origin in x and the taps that it has.
 */
import { each } from "./text.ts";
import { filtersOf, GROUP, groupsOf, type Tile, threadsOf } from "./tile.ts";

export interface Kind {
  readonly tile: Tile;
  /** Elements of x and y are vec4s. */
  readonly vectors: boolean;
  /** How a tap is found to be outside: by a bit for each tap of each axis, or its coordinates where those are too many. */
  readonly taps: "bits" | "coordinates";
}

/** Filters that are read at once. */
export const together = ({ tall }: Tile): number => Math.min(GROUP, tall);
export const filterType = (tile: Tile): string => (together(tile) === 1 ? "f32" : `vec${together(tile)}f`);
/** Pixels that are read one by one for a group. */
export const lanesOf = ({ vectors }: Kind): number => (vectors ? 1 : GROUP);

const readsOf = (tile: Tile) => tile.tall / together(tile);
const packedOf = (tile: Tile) => filtersOf(tile) / together(tile);

export function workgroupMemory({ tile }: Kind): string {
  if (!tile.staged) return "";
  const { step } = tile;
  return `var<workgroup> tile_w: array<${filterType(tile)}, ${step * packedOf(tile)}>;
var<workgroup> tile_x: array<vec4f, ${step * groupsOf(tile)}>;`;
}

/** Where the filters of a tile of filters begin. */
export const filtersAt = (tile: Tile, index: string): string => `${index} * u32(piece.counts.z) * ${packedOf(tile)}u`;

export function loopOf(kind: Kind): string {
  if (kind.tile.staged) return staged(kind);
  return kind.tile.step === 1 ? inPlace(kind) : broadcast(kind);
}

function staged(kind: Kind): string {
  const { tile } = kind;
  const { step, rows, columns, wide } = tile;
  const [groups, packed] = [groupsOf(tile), packedOf(tile)];
  return `${seats(kind, "", `first + thread % ${groups}u`)}
for (var start = begin; start < end; start += ${step}u) {
  ${copyAll(tile, step * packed, `tile_w[slot] = w[filters + start * ${packed}u + slot];`)}
  ${copyAll(tile, step * groups, `let t = terms[start + slot / ${groups}u]; ${gather(kind, "")} tile_x[slot] = v;`)}
  workgroupBarrier();
  for (var j = 0u; j < ${step}u; j++) {
    ${each(readsOf(tile), (r) => `let a${r} = tile_w[j * ${packed}u + row + ${r * rows}u];`)}
    ${each(wide, (g) => `{ let v = tile_x[j * ${groups}u + column + ${g * columns}u]; ${multiply(tile, g)} }`)}
  }
  workgroupBarrier();
}`;
}

/** Every thread copies its share of `count` elements. */
function copyAll(tile: Tile, count: number, copy: string): string {
  const threads = threadsOf(tile);
  return each(Math.ceil(count / threads), (i) => {
    const body = `{ let slot = thread + ${i * threads}u; ${copy} }`;
    return (i + 1) * threads <= count ? body : `if (thread < ${count - i * threads}u) ${body}`;
  });
}

function inPlace(kind: Kind): string {
  return `${allSeats(kind)}
for (var j = begin; j < end; j++) {
  let t = terms[j];
  ${weights(kind.tile, "", "j")}
  ${addTerm(kind)}
}`;
}

/** Each thread of a subgroup reads another term, and all get it from there. */
function broadcast(kind: Kind): string {
  const { tile } = kind;
  const names = ["t", ...Array.from({ length: readsOf(tile) }, (_, r) => `a${r}`)];
  const take = (i: number) => names.map((name) => `let ${name} = subgroupBroadcast(own_${name}, ${i}u);`).join(" ");
  return `${allSeats(kind)}
for (var start = begin; start < end; start += ${tile.step}u) {
  let j = start + lane % ${tile.step}u;
  let own_t = terms[j];
  ${weights(tile, "own_", "j")}
  ${each(tile.step, (i) => `{ ${take(i)} ${addTerm(kind)} }`)}
}`;
}

const weights = (tile: Tile, before: string, j: string) =>
  each(readsOf(tile), (r) => {
    return `let ${before}a${r} = w[filters + ${j} * ${packedOf(tile)}u + row + ${r * tile.rows}u];`;
  });

const allSeats = (kind: Kind) =>
  each(kind.tile.wide, (g) => seats(kind, `s${g}_`, `first + column + ${g * kind.tile.columns}u`));

const addTerm = (kind: Kind) => each(kind.tile.wide, (g) => `{ ${gather(kind, `s${g}_`)} ${multiply(kind.tile, g)} }`);

/** Origins and taps of the pixels whose operands a thread reads. */
function seats(kind: Kind, before: string, first: string): string {
  const seat = `${before}seat`;
  return `var ${seat} = place(${first});
${each(lanesOf(kind), (l) => {
  const at = `${before}at${l}`;
  return `${l > 0 ? `${seat} = hop(${seat});` : ""} let ${at} = corner(${seat});
let ${before}from${l} = origin(${seat}.x, group, ${at}); let ${before}have${l} = taps(${at}, ${first} + ${l * groupsOf(kind.tile)}u);`;
})}`;
}

/** v: the four pixels of term t, zeros where a tap is outside. */
function gather(kind: Kind, before: string): string {
  const number = kind.vectors ? "vec4f" : "f32";
  const inside = (l: number) =>
    kind.taps === "bits"
      ? `(${before}have${l} & u32(t.y)) == u32(t.y)`
      : `within(${before}have${l} + vec3i(t.y, t.z, t.w))`;
  const read = (l: number) => `select(${number}(), x[select(0, ${before}from${l} + t.x, ok${l})], ok${l})`;
  const lanes = lanesOf(kind);
  return `${each(lanes, (l) => `let ok${l} = ${inside(l)};`, " ")} let v = vec4f(${each(lanes, read, ", ")});`;
}

/** Adds the products of v with every filter of the thread. */
function multiply(tile: Tile, g: number): string {
  const one = together(tile);
  const weight = (e: number) => `a${Math.floor(e / one)}${one === 1 ? "" : `[${e % one}]`}`;
  return each(tile.tall, (e) => `sum${g}_${e} = fma(vec4f(${weight(e)}), v, sum${g}_${e});`, " ");
}
