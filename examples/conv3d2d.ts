import { conv3d2d, tensor } from "simdconv";

// Movies of 3 frames, 1 channel, 1 × 3 pixels: a flash in the middle of the second frame, and a dot that moves right.
const flash = tensor([0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 3, 1, 1, 3]); // Ns Ts C Hs Ws
const dot = tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], [1, 3, 1, 1, 3]);
// Filters of 2 frames, 1 channel, 1 × 2: four numbers to read, and something that moves right.
const numbers = tensor([1, 2, 3, 4], [1, 2, 1, 1, 2]); // Nf Tf C Hf Wf
const rightward = tensor([1, 0, 0, 1], [1, 2, 1, 1, 2]);

const drawn = await conv3d2d.conv3d(flash, numbers);
console.log(drawn.shape, drawn.data.join(" ")); // [ 1, 2, 1, 1, 2 ] 1 2 3 4: flipped in time, rows and columns, so a flash draws the filter
const found = await conv3d2d.conv3d(dot, rightward);
console.log(found.data.join(" ")); // 2 0 0 2: turned round in space and in time, what moves right still does
const padded = await conv3d2d.conv3d(dot, rightward, { borderMode: ["full", "valid", "valid"] });
console.log(padded.shape); // [ 1, 4, 1, 1, 2 ]: a mode for time, rows and columns
