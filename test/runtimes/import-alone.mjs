// A program that imports the library and does nothing with it, as a server does that only renders: no global is touched, nothing
// starts, nothing is printed. Plain JavaScript, because Node 20 runs it as it is.
const used = [];
const watch = (holder, name) => {
  holder[name] = new Proxy(holder[name], {
    apply: (f, self, args) => {
      used.push(name);
      return Reflect.apply(f, self, args);
    },
    construct: (f, args) => {
      used.push(name);
      return Reflect.construct(f, args);
    },
  });
};
for (const name of ["compile", "instantiate", "validate", "Module", "Instance", "Memory"]) watch(WebAssembly, name);
for (const name of ["fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "MessageChannel"]) {
  watch(globalThis, name);
}
watch(globalThis, "SharedArrayBuffer");
if (globalThis.Worker) watch(globalThis, "Worker");
for (const name of ["on", "once", "addListener"]) watch(process, name);

const globals = () => Reflect.ownKeys(globalThis).map(String).sort().join();
const prototypes = () =>
  [Object, Array, Function, Promise, Float32Array].map((c) => Reflect.ownKeys(c.prototype).map(String).join()).join();
/** Without the requests of import itself. */
const live = () => (process.getActiveResourcesInfo?.() ?? []).filter((kind) => !/Req/.test(kind)).join();
const [before, builtin, active] = [globals(), prototypes(), live()];
used.length = 0;
await import("../../dist/src/index.js");
const same = before === globals() && builtin === prototypes() && active === live();
console.log(JSON.stringify({ same, used }));
