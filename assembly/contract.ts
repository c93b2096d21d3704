/**
 * The register tile: MR × NV vectors of accumulators over one block of terms. It is the whole arithmetic of `direct`
 * and `depthwise`; the loops around it live in direct.ts and depthwise.ts.
 *
 *   to[r][v] = from[r][v] + Σ_j scalar(j, r) · vector(j, r, v)        j ascending, one running sum per lane
 *
 * so the bits of an output depend neither on the tile nor on the form. `from` is the zeros of the scratch for the first
 * block of terms and the accumulators afterwards, its rows NV vectors apart; those of `to` are `pitch` bytes apart, for `to`
 * may be y itself when nothing is left to do. `terms … end` is the table of byte offsets, `places` one byte offset per
 * row, `w` walks over packed filters. The form says which operand is which (in Evenly, `terms` is the bytes from term to term, and `end`
 * that of the packed filters):
 *
 *   Pixels    rows are filters, splatted, w packed [j][MR];          lanes are pixels at x + offset[j]
 *   Evenly    the same, with offsets that rise by the same bytes from term to term
 *   Filters   rows are pixels, splatted, at x + place[r] + offset[j]; lanes are filters, w packed [j][NV vectors]
 *   Rows      rows are output rows at x + place[r] + offset[j];      lanes are their pixels, w packed [j], splatted
 *   Planes    rows are pixels, at x + place[r] + offset[j];          lanes are planes of x and of w, packed [j][NV vectors]
 *   Dots      rows are at x + place[r] + offset[j];                  lanes are pixels of x and w, w packed [j][mask, one vector]
 *
 * Pixels and Evenly have no places; in Evenly the word is the record of what is to be asked for meanwhile (ahead.ts), or 0.
 *
 * Pixels and Evenly do a row of `count` register tiles with the same filters, `xNext` bytes of x, `fromNext` and `toNext` apart: of a few terms
 * each, calls would cost as much as the arithmetic, and stores into many rows of y at a time more than into a few.
 *
 * In Dots a term is a vector of pixels, and the sum over the lanes is left to the caller. Its mask blanks those lanes of x whose
 * pixels are not there: a zero in w would do for numbers, but not for infinities.
 *
 * Cost: MR · NV · lanes multiply-adds a term. The tile must leave the engine room for NV vectors and one splat in 15
 * registers (and for a product where multiply-add is not one instruction): 6×2 fits relaxed, 5×2 the others.
 */
import {
  FUSED, loadLanes, loadNextLanes, loadSplat, loadSplatAt, masked, multiplyAdd, storeLanes, storeNextLanes, vectorBytes,
} from "./lanes";
import { entry } from "./words";
import { askNext, paceOf } from "./ahead";

// Generics take types, not integers, but the parameters of a function type can be counted while compiling.
export type N1 = (a: i32) => void;
export type N2 = (a: i32, b: i32) => void;
export type N3 = (a: i32, b: i32, c: i32) => void;
export type N4 = (a: i32, b: i32, c: i32, d: i32) => void;
export type N5 = (a: i32, b: i32, c: i32, d: i32, e: i32) => void;
export type N6 = (a: i32, b: i32, c: i32, d: i32, e: i32, f: i32) => void;

export type Pixels = N1;
export type Filters = N2;
export type Rows = N3;
export type Planes = N4;
export type Dots = N5;
export type Evenly = N6;

/** The operand of row `lengthof<R>() − 1`, which all but Planes and Dots splat. */
// @ts-ignore: decorator
@inline function scalar<T, V, F, R>(w: usize, place: usize): V {
  if (lengthof<F>() == lengthof<Dots>()) return masked<T, V>(loadLanes<T, V>(place), loadLanes<T, V>(w));
  if (lengthof<F>() == lengthof<Pixels>() || lengthof<F>() == lengthof<Evenly>()) return loadSplatAt<T, V, R>(w);
  if (lengthof<F>() == lengthof<Planes>()) return loadLanes<T, V>(place);
  return loadSplat<T, V>(lengthof<F>() == lengthof<Filters>() ? place : w);
}

/** What the second vector is multiplied by: another one only where lanes are planes. */
// @ts-ignore: decorator
@inline function second<T, V, F>(first: V, place: usize): V {
  return lengthof<F>() == lengthof<Planes>() ? loadNextLanes<T, V>(place) : first;
}

/** Not inlined on purpose: an engine promotes a function that is entered often, and never while it runs. */
function tile<T, V, MR, NV, F>(
  terms: usize, end: usize, x: usize, places: usize, w: usize, from: usize, to: usize, pitch: usize, count: i32, xNext: usize, fromNext: usize, toNext: usize,
): void {
  const rows = lengthof<MR>(), wide = lengthof<NV>() > 1;
  const evenly = lengthof<F>() == lengthof<Evenly>(), pixels = lengthof<F>() == lengthof<Pixels>() || evenly, dots = lengthof<F>() == lengthof<Dots>();
  const filters = lengthof<F>() == lengthof<Filters>() || lengthof<F>() == lengthof<Planes>() || dots;
  const vector = <usize>vectorBytes<T, V>(), row = wide ? vector + vector : vector;
  // Most panels of large layers are of the most rows that there are.
  const asks = evenly && wide && rows == (FUSED ? 6 : 5);
  const w0 = w, terms0 = terms;

  let p0: usize = 0, p1: usize = 0, p2: usize = 0, p3: usize = 0, p4: usize = 0, p5: usize = 0;
  if (!pixels) {
    p0 = x + load<u32>(places);
    if (rows > 1) p1 = x + load<u32>(places, 4);
    if (rows > 2) p2 = x + load<u32>(places, 8);
    if (rows > 3) p3 = x + load<u32>(places, 12);
    if (rows > 4) p4 = x + load<u32>(places, 16);
    if (rows > 5) p5 = x + load<u32>(places, 20);
  }

  let pace: usize = asks ? paceOf(places) : 0;
  for (let x0 = x, to0 = to; ; x0 += xNext, from += fromNext, to0 += toNext) {
    let a00 = loadLanes<T, V>(from), a01 = a00, a10 = a00, a11 = a00, a20 = a00, a21 = a00;
    let a30 = a00, a31 = a00, a40 = a00, a41 = a00, a50 = a00, a51 = a00;
    if (wide) a01 = loadNextLanes<T, V>(from);
    if (rows > 1) { a10 = loadLanes<T, V>(from + 1 * row); if (wide) a11 = loadNextLanes<T, V>(from + 1 * row); }
    if (rows > 2) { a20 = loadLanes<T, V>(from + 2 * row); if (wide) a21 = loadNextLanes<T, V>(from + 2 * row); }
    if (rows > 3) { a30 = loadLanes<T, V>(from + 3 * row); if (wide) a31 = loadNextLanes<T, V>(from + 3 * row); }
    if (rows > 4) { a40 = loadLanes<T, V>(from + 4 * row); if (wide) a41 = loadNextLanes<T, V>(from + 4 * row); }
    if (rows > 5) { a50 = loadLanes<T, V>(from + 5 * row); if (wide) a51 = loadNextLanes<T, V>(from + 5 * row); }

    let stop = end;
    do {
      if (asks && pace) { stop = min(w + pace, end); pace = askNext(places); } else stop = end;
      // Evenly: no offset is read, which is two operations of 34, and these loops want all that the decoder gives.
      for (; (evenly ? w : terms) < stop; evenly ? x += terms : terms += 4) {
        const o = evenly ? 0 : <usize>load<u32>(terms);
        let v0 = a00, v1 = a00;
        if (pixels) { v0 = loadLanes<T, V>(x + o); if (wide) v1 = loadNextLanes<T, V>(x + o); }
        else if (dots) v0 = loadNextLanes<T, V>(w);
        else if (filters) { v0 = loadLanes<T, V>(w); if (wide) v1 = loadNextLanes<T, V>(w); }
        else { v0 = loadLanes<T, V>(p0 + o); if (wide) v1 = loadNextLanes<T, V>(p0 + o); }
        let s = scalar<T, V, F, N1>(w, p0 + o);
        a00 = multiplyAdd<T, V>(s, v0, a00);
        if (wide) a01 = multiplyAdd<T, V>(second<T, V, F>(s, p0 + o), v1, a01);
        if (rows > 1) {
          if (pixels || filters) s = scalar<T, V, F, N2>(w, p1 + o);
          else { v0 = loadLanes<T, V>(p1 + o); if (wide) v1 = loadNextLanes<T, V>(p1 + o); }
          a10 = multiplyAdd<T, V>(s, v0, a10);
          if (wide) a11 = multiplyAdd<T, V>(second<T, V, F>(s, p1 + o), v1, a11);
        }
        if (rows > 2) {
          if (pixels || filters) s = scalar<T, V, F, N3>(w, p2 + o);
          else { v0 = loadLanes<T, V>(p2 + o); if (wide) v1 = loadNextLanes<T, V>(p2 + o); }
          a20 = multiplyAdd<T, V>(s, v0, a20);
          if (wide) a21 = multiplyAdd<T, V>(second<T, V, F>(s, p2 + o), v1, a21);
        }
        if (rows > 3) {
          if (pixels || filters) s = scalar<T, V, F, N4>(w, p3 + o);
          else { v0 = loadLanes<T, V>(p3 + o); if (wide) v1 = loadNextLanes<T, V>(p3 + o); }
          a30 = multiplyAdd<T, V>(s, v0, a30);
          if (wide) a31 = multiplyAdd<T, V>(second<T, V, F>(s, p3 + o), v1, a31);
        }
        if (rows > 4) {
          if (pixels || filters) s = scalar<T, V, F, N5>(w, p4 + o);
          else { v0 = loadLanes<T, V>(p4 + o); if (wide) v1 = loadNextLanes<T, V>(p4 + o); }
          a40 = multiplyAdd<T, V>(s, v0, a40);
          if (wide) a41 = multiplyAdd<T, V>(second<T, V, F>(s, p4 + o), v1, a41);
        }
        if (rows > 5) {
          if (pixels || filters) s = scalar<T, V, F, N6>(w, p5 + o);
          else { v0 = loadLanes<T, V>(p5 + o); if (wide) v1 = loadNextLanes<T, V>(p5 + o); }
          a50 = multiplyAdd<T, V>(s, v0, a50);
          if (wide) a51 = multiplyAdd<T, V>(second<T, V, F>(s, p5 + o), v1, a51);
        }
        w += pixels ? rows * sizeof<T>() : dots ? 2 * vector : filters ? row : sizeof<T>();
      }
    } while (asks && stop < end);

    storeLanes<T, V>(to, a00);
    if (wide) storeNextLanes<T, V>(to, a01);
    if (rows > 1) { to += pitch; storeLanes<T, V>(to, a10); if (wide) storeNextLanes<T, V>(to, a11); }
    if (rows > 2) { to += pitch; storeLanes<T, V>(to, a20); if (wide) storeNextLanes<T, V>(to, a21); }
    if (rows > 3) { to += pitch; storeLanes<T, V>(to, a30); if (wide) storeNextLanes<T, V>(to, a31); }
    if (rows > 4) { to += pitch; storeLanes<T, V>(to, a40); if (wide) storeNextLanes<T, V>(to, a41); }
    if (rows > 5) { to += pitch; storeLanes<T, V>(to, a50); if (wide) storeNextLanes<T, V>(to, a51); }

    if (!pixels || --count <= 0) return;
    w = w0;
    if (!evenly) terms = terms0;
    x = x0 + xNext;
    to = to0 + toNext;
  }
}

/** Run the tile of `rows` ≤ 6 rows (≤ 4 of Rows, where more gain nothing; always 6 of Dots) and `vectors` ≤ 2 (2 of Planes, 1 of Dots). */
export function contract<T, V, F>(
  rows: i32, vectors: i32, terms: usize, end: usize, x: usize, places: usize, w: usize, from: usize, to: usize, pitch: usize,
): void {
  if (lengthof<F>() == lengthof<Dots>()) return tile<T, V, N6, N1, F>(terms, end, x, places, w, from, to, pitch, 1, 0, 0, 0);
  if (vectors > 1 || lengthof<F>() == lengthof<Planes>()) rowsOf<T, V, N2, F>(rows, terms, end, x, places, w, from, to, pitch, 1, 0, 0, 0);
  else rowsOf<T, V, N1, F>(rows, terms, end, x, places, w, from, to, pitch, 1, 0, 0, 0);
}

/** A row of `count` tiles, of Pixels or Evenly. */
export function contractRow<T, V, F>(
  rows: i32, vectors: i32, terms: usize, end: usize, x: usize, w: usize, from: usize, to: usize, pitch: usize, count: i32, xNext: usize, fromNext: usize, toNext: usize, ahead: usize,
): void {
  if (vectors > 1) rowsOf<T, V, N2, F>(rows, terms, end, x, ahead, w, from, to, pitch, count, xNext, fromNext, toNext);
  else rowsOf<T, V, N1, F>(rows, terms, end, x, ahead, w, from, to, pitch, count, xNext, fromNext, toNext);
}

/** Whether contractPixel serves three panels from p on: heights of panels differ by one at most. */
// @ts-ignore: decorator
@inline export function areThree(panels: usize, p: i32, end: i32): bool {
  return p + 3 <= end && entry(panels, p + 3) - entry(panels, p) >= 12;
}

/**
 * One pixel and three panels of 4 to 8 filters, as Evenly has them: a row of pixels ends in one alone wherever maps are odd, and a tile of six rows
 * would use one lane of four. Lanes are the first four filters of a panel and its last four, some of them twice; the sums are the same.
 * `to` gets two vectors of each panel, `from` has them or, with `fromNext` 0, zeros.
 */
export function contractPixel<T, V>(
  step: usize, terms: i32, x: usize, w0: usize, w1: usize, w2: usize, filters0: usize, filters1: usize, filters2: usize, from: usize, fromNext: usize, to: usize,
): void {
  const size = sizeof<T>(), vector = <usize>vectorBytes<T, V>();
  const pitch0 = filters0 * size, pitch1 = filters1 * size, pitch2 = filters2 * size;
  const last0 = pitch0 - vector, last1 = pitch1 - vector, last2 = pitch2 - vector;
  let a0 = loadLanes<T, V>(from), b0 = loadLanes<T, V>(from + fromNext); from += fromNext + fromNext;
  let a1 = loadLanes<T, V>(from), b1 = loadLanes<T, V>(from + fromNext); from += fromNext + fromNext;
  let a2 = loadLanes<T, V>(from), b2 = loadLanes<T, V>(from + fromNext);
  for (; terms > 0; --terms, x += step, w0 += pitch0, w1 += pitch1, w2 += pitch2) {
    const s = loadSplat<T, V>(x);
    a0 = multiplyAdd<T, V>(s, loadLanes<T, V>(w0), a0); b0 = multiplyAdd<T, V>(s, loadLanes<T, V>(w0 + last0), b0);
    a1 = multiplyAdd<T, V>(s, loadLanes<T, V>(w1), a1); b1 = multiplyAdd<T, V>(s, loadLanes<T, V>(w1 + last1), b1);
    a2 = multiplyAdd<T, V>(s, loadLanes<T, V>(w2), a2); b2 = multiplyAdd<T, V>(s, loadLanes<T, V>(w2 + last2), b2);
  }
  storeLanes<T, V>(to, a0); storeNextLanes<T, V>(to, b0); to += 2 * vector;
  storeLanes<T, V>(to, a1); storeNextLanes<T, V>(to, b1); to += 2 * vector;
  storeLanes<T, V>(to, a2); storeNextLanes<T, V>(to, b2);
}

// @ts-ignore: decorator
@inline function rowsOf<T, V, NV, F>(
  rows: i32, terms: usize, end: usize, x: usize, places: usize, w: usize, from: usize, to: usize, pitch: usize, count: i32, xNext: usize, fromNext: usize, toNext: usize,
): void {
  if (lengthof<F>() != lengthof<Rows>()) {
    if (rows == 6) return tile<T, V, N6, NV, F>(terms, end, x, places, w, from, to, pitch, count, xNext, fromNext, toNext);
    if (rows == 5) return tile<T, V, N5, NV, F>(terms, end, x, places, w, from, to, pitch, count, xNext, fromNext, toNext);
  }
  switch (rows) {
    case 1: return tile<T, V, N1, NV, F>(terms, end, x, places, w, from, to, pitch, count, xNext, fromNext, toNext);
    case 2: return tile<T, V, N2, NV, F>(terms, end, x, places, w, from, to, pitch, count, xNext, fromNext, toNext);
    case 3: return tile<T, V, N3, NV, F>(terms, end, x, places, w, from, to, pitch, count, xNext, fromNext, toNext);
    default: return tile<T, V, N4, NV, F>(terms, end, x, places, w, from, to, pitch, count, xNext, fromNext, toNext);
  }
}
