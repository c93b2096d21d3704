import { signal } from "simdconv";
import { fromImageData, toImageData } from "simdconv/interop";

// A red pixel between transparent ones; in a page it would be context.getImageData(0, 0, 3, 1).
const image = { data: new Uint8ClampedArray([0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0]), width: 3, height: 1 };

// Four planes: multiplied by alpha, so that the black of what is transparent does not darken the blur.
const planes = fromImageData(image, { alpha: "premultiplied" });
console.log(planes.shape); // [ 1, 4, 1, 3 ]: as nnet.conv2d takes them
const { data } = planes;
const blur = { data: new Float32Array([0.25, 0.5, 0.25]), shape: [1, 3] };
const wide = await signal.conv2d({ data, shape: [4, 1, 3] }, blur, { borderMode: "full" }); // the same filter on every plane
const blurred = toImageData(wide, { alpha: "premultiplied" });
console.log(blurred.width, blurred.data.join(" ")); // 5 0 0 0 0 255 0 0 64 255 0 0 128 255 0 0 64 0 0 0 0: red everywhere
