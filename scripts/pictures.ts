/** `npm run docs:pictures`: small versions of what `npm start` left in out/, for the README. */
import sharp from "sharp";

/** Wide enough for a README, and below 60 KB. */
const WIDTH = 800;

for (const name of ["feature-maps", "motion", "filters"]) {
  const { size } = await sharp(`out/${name}.png`)
    .resize({ width: WIDTH })
    .webp({ quality: 50, effort: 6 })
    .toFile(`docs/images/${name}.webp`);
  console.log(`docs/images/${name}.webp: ${size} bytes`);
}
