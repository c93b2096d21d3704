/** Where everything stands on the contact sheet. */

import type { Box, Size } from "../shared/raster.ts";
import { DIRECTIONS, KINDS, SIGMAS } from "./filter-bank.ts";

export const MARGIN = 64;
export const TILE_GAP = 8;
export const PER_SCALE = KINDS.length * DIRECTIONS;

const HEADER = 104;
const GAP = 24;
const CAPTION = 44;
const WIDEST = 1952;
const TALLEST = 1150;

export interface Layout extends Size {
  readonly photograph: Box;
  readonly bank: Box;
  readonly composite: Box;
  /** One wall of maps per scale, and how many maps stand side by side. */
  readonly walls: readonly Box[];
  readonly columns: number;
}

/**
 * Photograph above filter bank on the left, the composite beside both on the right, the wall of maps below.
 * Widths follow from the proportions: the composite is as tall as the other two together.
 */
export function arrange(proportion: number): Layout {
  // Panoramas and towers get bars beside them rather than a sheet of their own shape.
  const ratio = Math.min(5, Math.max(0.5, proportion));
  const columns = ratio < 1 ? PER_SCALE : DIRECTIONS;
  const slope = 1 / ratio + SIGMAS.length / PER_SCALE;
  const left = Math.round(
    Math.min((WIDEST - GAP - ratio * CAPTION) / (1 + ratio * slope), (TALLEST - CAPTION) / slope),
  );
  const photograph = { x: MARGIN, y: MARGIN + HEADER, width: left, height: Math.round(left / ratio) };
  const bankTop = photograph.y + photograph.height + CAPTION;
  const bank = { x: MARGIN, y: bankTop, width: left, height: Math.round((left * SIGMAS.length) / PER_SCALE) };
  const tall = bank.y + bank.height - photograph.y;
  const composite = { x: MARGIN + left + GAP, y: photograph.y, width: Math.round(tall * ratio), height: tall };
  const across = left + GAP + composite.width;
  const tile = Math.floor((across - (columns - 1) * TILE_GAP) / columns);
  const tileRows = PER_SCALE / columns;
  const groupHeight = tileRows * Math.round(tile / ratio) + (tileRows - 1) * TILE_GAP;
  const wallTop = bank.y + bank.height + CAPTION + GAP;
  const walls = SIGMAS.map((_, s) => {
    return { x: MARGIN, y: wallTop + s * (groupHeight + CAPTION + GAP / 2), width: across, height: groupHeight };
  });
  const height = walls[walls.length - 1].y + groupHeight + CAPTION + MARGIN / 2;
  return { width: across + 2 * MARGIN, height, photograph, bank, composite, walls, columns };
}

/** The k-th tile of a grid whose outermost tiles touch the sides of the box. */
export function tileOf(box: Box, k: number, columns: number, rows: number, { width, height }: Size): Box {
  const x = box.x + Math.round(((k % columns) * (box.width - width)) / (columns - 1));
  const y = box.y + Math.round((Math.floor(k / columns) * (box.height - height)) / Math.max(1, rows - 1));
  return { x, y, width, height };
}
