/**
 * Terms side by side: for every channel and tap the operands of all outputs of one depth, so that what is left of a convolution is
 * one tap over one long row (plan/gathered.ts).
 *
 * Tiles: runs of channels (`CONV_PANEL_RUNS`) innermost, then depth, images, groups. Reads x; "y" is where the rows go, with the
 * strides of an image, a group and a depth, and inside the pitches of the input tile.
 */
import {
  CONV_BATCH, CONV_CHANNELS, CONV_OUT, CONV_PANEL_RUNS, CONV_PITCHES, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES,
} from "./args";
import { packTile } from "./pack";
import { word } from "./words";

export function gather<T, V>(args: usize, first: i32, last: i32): void {
  const runs = word(args, CONV_PANEL_RUNS), depth = word(args, CONV_OUT), batch = word(args, CONV_BATCH), channels = word(args, CONV_CHANNELS);
  for (let tile = first; tile < last; ++tile) {
    const run = tile % runs, z = tile / runs % depth, image = tile / runs / depth, n = image % batch, g = image / batch;
    const c0 = run * channels / runs, c1 = (run + 1) * channels / runs;
    packTile<T, V>(args,
      <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4) + z * word(args, CONV_Y_STRIDES + 12) + c0 * word(args, CONV_PITCHES)),
      <usize>(word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4) + c0 * word(args, CONV_X_STRIDES + 8)),
      c1 - c0, z, 0, 0);
  }
}
