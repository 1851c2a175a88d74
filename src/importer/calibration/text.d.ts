/** Text files are bundled as strings. */
declare module '*.txt' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: how bundlers hand over a text file.
  export default text;
}
