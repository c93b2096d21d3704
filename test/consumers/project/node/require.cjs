const simdconv = require("simdconv");
const inline = require("simdconv/inline");

import("../prove.js").then(async ({ prove }) => {
  console.log(await prove(simdconv));
  console.log(await prove(inline));
});
