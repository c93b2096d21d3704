/** `npm start`: feature maps, motion, large filters, each with its picture. `npm start -- picture.jpg` takes your own for the first and the last. */
await import("./feature-maps.ts");
console.log();
await import("./motion.ts");
console.log();
await import("./filters.ts");
console.log(
  "\nnext      npm run page: the feature maps again, with workers, in your browser at http://localhost:5173/",
);

export {};
