// A server renderer imports what it will never call: nothing may happen.
const globals = () => Reflect.ownKeys(globalThis).map(String).sort().join();
const live = () =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => !/Req/.test(kind))
    .join(); // requests of import itself
const used = [];
const watch = (holder, name) => {
  const original = holder[name];
  holder[name] = (...args) => {
    used.push(name);
    return new original(...args);
  };
  return () => {
    holder[name] = original;
  };
};
const [before, active] = [globals(), live()];
const restore = [
  ...["fetch", "setTimeout", "MessageChannel", "Blob", "SharedArrayBuffer", "atob"].map((name) =>
    watch(globalThis, name),
  ),
  ...["compile", "instantiate", "validate", "Module", "Memory"].map((name) => watch(WebAssembly, name)),
];
const { nnet } = await import("simdconv");
const inline = await import("simdconv/inline");
for (const undo of restore) undo();
if (before !== globals() || active !== live() || used.length > 0) throw new Error(`importing did something: ${used}`);
console.log(`nothing happened: ${typeof nnet.conv2d}, ${typeof inline.nnet.conv2d}`);
