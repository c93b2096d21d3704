/** Files that Vite serves: the import is their address. */
declare module "*.jpg?url" {
  const address: string;
  export default address;
}
